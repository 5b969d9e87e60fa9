/** What the double of the gateway knows: models, who may what, a plausible month of usage. */
import type {
  Key,
  Permission,
  Provider,
  Role,
  UsageGroup,
  UsageSum
} from '../../src/lib/api/types';
import { sum } from '../../src/lib/usage/breakdown';

export const MODELS: Record<'openai' | 'anthropic' | 'google' | 'azure', string[]> = {
  openai: ['gpt-5', 'gpt-5-mini', 'gpt-4.1', 'gpt-4o-mini'],
  anthropic: ['claude-sonnet-5-5', 'claude-haiku-5-5'],
  google: ['gemini-2.5-pro', 'gemini-3.5-flash'],
  azure: ['azure/gpt-4o']
};

const field = (name: string) => ({
  name,
  title: name,
  required: name !== 'endpoint.api_version' && name !== 'endpoint.region',
  secret: name === 'secret',
  example: ''
});
const provider = (name: keyof typeof MODELS, title: string): Provider => ({
  name,
  title,
  needs_endpoint: name === 'azure',
  fields: [
    field('name'),
    field('secret'),
    ...(name === 'azure'
      ? [field('endpoint.endpoint'), field('endpoint.api_version'), field('endpoint.region')]
      : [])
  ],
  models: MODELS[name]
});
export const PROVIDERS = [
  provider('openai', 'OpenAI'),
  provider('anthropic', 'Anthropic'),
  provider('google', 'Google'),
  provider('azure', 'Azure')
];

export const PERMISSIONS: Record<Role, Permission[]> = {
  user: ['chat', 'own_keys', 'own_usage'],
  admin: [
    'chat',
    'own_keys',
    'own_usage',
    'all_keys',
    'all_usage',
    'people',
    'settings',
    'read_audit'
  ],
  auditor: ['own_usage', 'all_usage', 'read_audit']
};

/** An answer with everything that Markdown has, and with what must never run. */
export function answerTo(question: string): string {
  if (question.includes('attack')) {
    return 'Look: <img src=x onerror="window.owned=1"> <script>window.owned=1</script> [x](javascript:window.owned=1)\n';
  }
  return [
    'Photosynthesis turns **light** into *chemical energy*.\n',
    '\n## In short\n\n1. Light hits the chlorophyll.\n2. Water is split; oxygen leaves.\n',
    '3. Carbon dioxide becomes sugar.\n\n```python\nsugar = light + water + co2\n```\n\n',
    '| In | Out |\n|---|---|\n| water, CO₂ | sugar, oxygen |\n\n',
    'More at [the museum](https://example.org/plants).\n'
  ].join('');
}

const DAY = 86_400_000;
const none: UsageSum = {
  requests: 0,
  attempts: 0,
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  cost_nano_usd: 0,
  estimated: 0
};

function used(group: string, label: string, requests: number, cost: number): UsageGroup {
  return {
    ...none,
    group,
    label,
    requests,
    attempts: requests,
    input_tokens: requests * 812,
    output_tokens: requests * 1341,
    cost_nano_usd: Math.round(cost * 1e9)
  };
}

export function usageOf(query: URLSearchParams, any: boolean, keys: Key[]) {
  const by = query.get('by');
  const from = Number(query.get('from'));
  const to = Number(query.get('to'));
  const days = Math.ceil((to - from) / DAY);
  const models = [
    used('openai/gpt-5-mini', 'openai/gpt-5-mini', 31 * days, 0.061 * days),
    used('anthropic/claude-sonnet-5-5', 'anthropic/claude-sonnet-5-5', 9 * days, 0.042 * days),
    {
      ...used('google/gemini-3.5-flash', 'google/gemini-3.5-flash', 4 * days, 0.0007),
      estimated: 2
    }
  ];
  const daily = Array.from({ length: days }, (_, n) => {
    const at = new Date(from + n * DAY + DAY / 2).toISOString().slice(0, 10);
    return used(at, at, 20 + ((n * 7) % 23), 0.02 + ((n * 37) % 17) / 100);
  });
  const byKey = keys.map((key, n) =>
    used(key.id, `${key.provider}/${key.name}`, 30 - n * 9, 0.3 / (n + 1))
  );
  const data = !any ? [] : by === 'day' ? daily : by === 'model' ? models : byKey;
  const total = any ? models.reduce(sum, none) : none;
  return { by, from, to, data, total };
}
