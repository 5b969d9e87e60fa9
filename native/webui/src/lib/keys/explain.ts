/** What is wrong with a pasted text, in words. */
import { explainCode } from '../explain';
import { m } from '../paraglide/messages';
import { titleOf } from './providers';
import type { Checked } from '../api/types';
import type { Shape } from './shape';

export function explainShape(shape: Shape, provider: string): string | null {
  switch (shape.problem) {
    case null:
      return null;
    case 'empty':
      return m.shape_empty();
    case 'short':
      return m.shape_short();
    case 'masked':
      return m.shape_masked();
    case 'space':
      return m.shape_space();
    case 'characters':
      return m.shape_characters();
    case 'address':
      return m.shape_address();
    case 'email':
      return m.shape_email();
    case 'own_token':
      return m.shape_own_token();
    case 'organisation':
      return m.shape_organisation();
    case 'other_provider':
      return m.shape_other_provider({
        other: titleOf(shape.provider ?? ''),
        provider: titleOf(provider)
      });
  }
}

/** What a test that did not end well says about the key. */
export function explainTest(checked: Checked, provider: string): string {
  const title = titleOf(provider);
  switch (checked.outcome) {
    case 'auth.invalid':
      return m.test_auth_invalid({ provider: title });
    case 'provider.rate_limited':
      return m.test_limited({ provider: title });
    case 'budget.exceeded':
      return m.test_no_credit({ provider: title });
    case 'provider.unavailable':
      return m.test_unavailable({ provider: title });
    case 'provider.timeout':
      return m.test_timeout({ provider: title });
    case 'request.not_found':
      return m.test_not_found({ provider: title });
    default:
      return explainCode(checked.outcome) ?? (checked.message || m.failed_text());
  }
}
