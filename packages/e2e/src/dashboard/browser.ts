import { chromiumPath } from '@humtemp/test-services';
import { type Browser, chromium } from 'playwright-core';

/** A real Chromium, without a window. @throws Error that says what to install */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await chromiumPath(),
    // Its sandbox refuses root; it opens nothing but our own page.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--force-color-profile=srgb',
      '--font-render-hinting=none',
      // Fields of dates and times are written as the browser is, not as the page.
      '--lang=en-GB',
    ],
  });
}
