/** Where people find their keys. Links that they may follow; the page itself never does. */
const CONSOLES: Record<string, string> = {
  openai: 'https://platform.openai.com/api-keys',
  anthropic: 'https://console.anthropic.com/settings/keys',
  google: 'https://aistudio.google.com/apikey',
  azure: 'https://portal.azure.com/'
};

export function consoleOf(provider: string): string | null {
  return CONSOLES[provider] ?? null;
}

const TITLES: Record<string, string> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  google: 'Google',
  azure: 'Azure',
  ollama: 'Ollama',
  mlx: 'MLX',
  llamacpp: 'llama.cpp'
};

/** The provider as people know it. */
export function titleOf(provider: string): string {
  return TITLES[provider] ?? provider;
}

const LOCAL = new Set(['ollama', 'mlx', 'llamacpp', 'local']);

/** Does what is asked stay on the gateway's own machine? */
export function isLocal(provider: string): boolean {
  return LOCAL.has(provider);
}
