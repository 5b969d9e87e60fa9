/**
 * Azure calls a model by the name that its owner gave the deployment. Written one on each line as
 * `model = deployment`; where both have the same name nothing need be written. Pure.
 */

export interface Deployments {
  /** The deployment of each model. */
  named: Record<string, string>;
  /** The first line that is neither empty nor of that shape. */
  wrong: string | null;
}

const PAIR = /^([^\s=:]+)\s*[=:]\s*([^\s=:]+)$/;

export function deploymentsOf(text: string): Deployments {
  const named: Record<string, string> = {};
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    const [, model, deployment] = PAIR.exec(line) ?? [];
    if (model === undefined || deployment === undefined) return { named, wrong: line };
    named[model] = deployment;
  }
  return { named, wrong: null };
}
