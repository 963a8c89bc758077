// Asks axe-core what somebody who uses a screen reader, a keyboard or large type would stumble over.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];

/** Checks a page, or the part of it that `within` selects, in both colour schemes. */
export async function checkAccessibility(page, name, report, within = undefined) {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    // Evaluated by the driver, not loaded by the page, so the page's policy stays as it is.
    await page.evaluate(SOURCE);
    const { violations, passes } = await page.evaluate(
      ([rules, selector]) => {
        const context = selector ? { include: [selector] } : document;
        return globalThis.axe.run(context, { runOnly: { type: 'tag', values: rules } });
      },
      [RULES, within],
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
    report(`the ${name} page is accessible in ${colorScheme}`, found.length === 0, found.join('\n').slice(0, 3000));
    report(`the ${name} page was looked at in ${colorScheme}`, passes.length > 5, `${passes.length} rules applied`);
  }
}
