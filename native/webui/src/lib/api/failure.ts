/** Why a call has no answer, as one value from the network to the screen. */

/** What the screen does about it. */
export type FailureKind =
  | 'offline' // the gateway could not be reached
  | 'signed_out' // the session is over
  | 'forbidden' // this person may not
  | 'missing' // it is not there (any more)
  | 'conflict' // somebody, or another tab, was first
  | 'invalid' // a field is wrong: `param` says which
  | 'limited' // too many; `retryAfter` says how long to wait
  | 'failed'; // everything else

export class ApiFailure extends Error {
  override name = 'ApiFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** Stable code such as `auth.invalid`. */
    readonly code: string | null = null,
    readonly param: string | null = null,
    /** In seconds. */
    readonly retryAfter: number | null = null
  ) {
    super(message);
  }

  /** From an answer that is no success. */
  static async from(response: Response): Promise<ApiFailure> {
    const error = await errorOf(response);
    const wait = Number(response.headers.get('retry-after'));
    return new ApiFailure(
      kindOf(response.status, error),
      error.message ?? `HTTP ${response.status}`,
      response.status,
      error.code,
      error.param,
      Number.isFinite(wait) && wait > 0 ? wait : null
    );
  }

  /** From an error object in the middle of an event stream. */
  static inStream(error: unknown): ApiFailure {
    const { message, code, param } = read(error);
    return new ApiFailure('failed', message ?? '', 0, code, param);
  }

  static offline(cause: unknown): ApiFailure {
    const failure = new ApiFailure('offline', 'the gateway cannot be reached', 0);
    failure.cause = cause;
    return failure;
  }

  /** Whatever was thrown, as one of these. */
  static of(thrown: unknown): ApiFailure {
    if (thrown instanceof ApiFailure) return thrown;
    const failure = new ApiFailure('failed', String(thrown), 0);
    failure.cause = thrown;
    return failure;
  }
}

function kindOf(status: number, { code, fromProvider }: ErrorFields): FailureKind {
  // A provider key that is missing or refused is no reason to sign in again.
  if (status === 401) return fromProvider || code === 'byok.missing_key' ? 'failed' : 'signed_out';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'missing';
  if (status === 409) return 'conflict';
  if (status === 429) return 'limited';
  if (status >= 400 && status < 500) return 'invalid';
  return 'failed';
}

interface ErrorFields {
  message: string | null;
  code: string | null;
  param: string | null;
  /** It was the provider that said no, not the gateway. */
  fromProvider: boolean;
}

async function errorOf(response: Response): Promise<ErrorFields> {
  try {
    return read(((await response.json()) as { error?: unknown }).error);
  } catch {
    // A proxy in between answers with a page of its own: the status alone says what it is.
    return { message: null, code: null, param: null, fromProvider: false };
  }
}

function read(error: unknown): ErrorFields {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : null);
  return {
    message: text('message'),
    code: text('code'),
    param: text('param'),
    fromProvider: typeof fields.provider === 'object' && fields.provider !== null
  };
}
