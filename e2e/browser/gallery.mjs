// Photographs a page in every combination of width and colour scheme, and measures what a reader would notice.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const WIDTHS = [320, 768, 1440];
const SCHEMES = ['light', 'dark'];
const HEIGHT = 900;

/** Writes `<name>-<width>-<scheme>.png` files into a directory. */
export class Gallery {
  constructor(directory, prefix, report) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.prefix = prefix;
    this.report = report;
  }

  /** Photographs the page as it stands; checks that nothing sticks out sideways on a narrow screen. */
  async photograph(page, name) {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        const path = join(this.directory, `${this.prefix}-${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      this.report(`the ${name} page fits into ${width} px`, wide <= width, `it is ${wide} px wide`);
    }
    const backgrounds = await this.#backgrounds(page);
    this.report(`the ${name} page has a dark form`, backgrounds[0] !== backgrounds[1], backgrounds.join(' | '));
  }

  async #backgrounds(page) {
    const seen = [];
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      seen.push(
        await page.evaluate(() => {
          const [body, root] = [document.body, document.documentElement].map((e) => getComputedStyle(e));
          // Without any colour of its own a page still follows `color-scheme`, which the text colour shows.
          return `${body.backgroundColor} ${root.backgroundColor} ${body.color}`;
        }),
      );
    }
    return seen;
  }
}
