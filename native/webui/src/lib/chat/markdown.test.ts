import { render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import Markdown from './Markdown.svelte';
import { safeHref } from './markdown';

const show = (text: string) => render(Markdown, { text }).container;

describe('an answer', () => {
  it('shows Markdown as elements', () => {
    const box = show(
      '# Title\n\nA **bold** and `code` word.\n\n- one\n- two\n\n```py\nx = 1\n```\n'
    );
    expect(screen.getByRole('heading', { name: 'Title' })).toBeInTheDocument();
    expect(box.querySelector('strong')).toHaveTextContent('bold');
    expect(box.querySelectorAll('li')).toHaveLength(2);
    expect(box.querySelector('pre')).toHaveTextContent('x = 1');
  });

  it.each([
    '<script>alert(1)</script>',
    'a <img src=x onerror=alert(1)> b',
    '<iframe src="https://example.org"></iframe>',
    '<svg onload=alert(1)>',
    '<a href="javascript:alert(1)">x</a>'
  ])('shows HTML as the text it is: %s', (html) => {
    const box = show(html);
    expect(box.querySelector('script, img, iframe, [onload], [onerror], a')).toBeNull();
    expect(box).toHaveTextContent(html);
  });

  it.each(['[x](javascript:alert(1))', '[x](data:text/html,hi)', '[x](vbscript:a)', '[x](/keys)'])(
    'has no link for %s',
    (text) => {
      const box = show(text);
      expect(box.querySelector('a')).toBeNull();
      expect(box).toHaveTextContent('x');
    }
  );

  it('opens links elsewhere without telling where from', () => {
    const link = show('[docs](https://example.org/a)').querySelector('a');
    expect(link).toHaveAttribute('href', 'https://example.org/a');
    expect(link).toHaveAttribute('rel', 'noopener noreferrer');
  });

  it('loads no image: it links to it', () => {
    const box = show('![cat](https://example.org/cat.png)');
    expect(box.querySelector('img')).toBeNull();
    expect(box.querySelector('a')).toHaveTextContent('cat');
  });

  it('shows a table, and entities as what they stand for', () => {
    const box = show('| a | b |\n|---|---|\n| 1 &amp; 2 | &lt;x&gt; |');
    expect(box.querySelectorAll('td')[0]).toHaveTextContent('1 & 2');
    expect(box.querySelectorAll('td')[1]).toHaveTextContent('<x>');
  });

  it('can be cut anywhere while it grows', () => {
    const text = '**bold** [a](https://x.y) `c`\n\n| a |\n|---|\n| 1 |\n\n1. x\n   - y\n> q\n';
    for (let end = 0; end <= text.length; end++) {
      const view = render(Markdown, { text: text.slice(0, end) });
      view.unmount();
    }
  });
});

describe('a link', () => {
  it.each([
    ['https://example.org/', true],
    ['mailto:ada@example.org', true],
    [' javascript:alert(1)', false],
    ['JaVaScRiPt:alert(1)', false],
    ['//example.org', false],
    ['file:///etc/passwd', false]
  ])('%s is safe: %s', (href, safe) => {
    expect(safeHref(href) !== null).toBe(safe);
  });
});
