/** What went wrong, in plain words and with what to do next, in the language of the page. */
import type { ApiFailure } from './api/failure';
import { m } from './paraglide/messages';

/** A stable code of the gateway in words; null for one we have no words for. */
export function explainCode(code: string): string | null {
  switch (code) {
    case 'auth.invalid':
      return m.code_auth_invalid();
    case 'byok.missing_key':
      return m.code_missing_key();
    case 'budget.exceeded':
    case 'quota.exceeded':
      return m.code_budget();
    case 'privacy.blocked':
      return m.code_privacy();
    case 'rate.limited':
      return m.code_rate_limited();
    case 'provider.rate_limited':
      return m.code_provider_limited();
    case 'provider.timeout':
      return m.code_provider_timeout();
    case 'provider.unavailable':
      return m.code_provider_unavailable();
    case 'provider.truncated':
      return m.code_truncated();
    case 'request.not_found':
      return m.code_not_found();
    case 'offline':
      return m.offline_text();
    case 'left':
      return m.chat_left();
    case 'stopped':
      return m.chat_stopped();
    case 'internal':
    case 'internal.out_of_memory':
      return m.code_internal();
    default:
      return null;
  }
}

/** A failed call to the gateway in words. What the gateway itself says is kept where it says more. */
export function explain(failure: ApiFailure): string {
  switch (failure.kind) {
    case 'offline':
      return m.offline_text();
    case 'signed_out':
      return m.expired_text();
    case 'forbidden':
      return m.forbidden_text();
    case 'missing':
      return m.missing_text();
    case 'limited':
      return failure.retryAfter === null
        ? (explainCode(failure.code ?? '') ?? m.code_rate_limited())
        : m.limited_wait({ seconds: failure.retryAfter });
    case 'conflict':
    case 'invalid':
      return failure.message;
    case 'failed':
      return explainCode(failure.code ?? '') ?? m.failed_text();
  }
}
