/** Which models a person can ask: those of the providers whose keys they have. Pure. */
import type { Key, Model } from '../api/types';
import { activeVersion } from '../keys/status';

export interface ModelGroup {
  provider: string;
  models: string[];
}

export function askable(models: readonly Model[], keys: readonly Key[]): ModelGroup[] {
  const providers = new Set(keys.filter((key) => activeVersion(key)).map((key) => key.provider));
  const groups = new Map<string, string[]>();
  for (const model of models) {
    const { provider, serves } = model.convergio ?? {};
    if (provider === undefined || !providers.has(provider)) continue;
    // Those that make vectors cannot chat.
    if (serves !== undefined && serves !== 'chat') continue;
    groups.set(provider, [...(groups.get(provider) ?? []), model.id]);
  }
  return [...groups].map(([provider, ids]) => ({ provider, models: ids }));
}
