import type { HandleClientError } from '@sveltejs/kit';

/** What nobody expected goes to the console with its stack; a wrong address is nobody's fault. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (status !== 404) console.error(error);
  return { message };
};
