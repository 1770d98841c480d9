// One tab of a visitor, with a passkey provider of its own.

import assert from 'node:assert/strict';

import { Authenticator } from './authenticator.js';
import { look } from './screenshot.js';

export class Tab {
  static async open(context, stack, watch, scripted) {
    const page = await context.newPage();
    watch.follow(page);
    const cdp = await context.newCDPSession(page);
    await watch.read(cdp);
    const tab = new Tab(page, cdp, stack, scripted);
    await tab.authenticator.insert();
    return tab;
  }

  constructor(page, cdp, stack, scripted) {
    this.page = page;
    this.cdp = cdp;
    this.stack = stack;
    this.scripted = scripted;
    this.authenticator = new Authenticator(cdp);
  }

  /** Types an address at the portal, which sends whoever belongs to us to us. */
  async start(address, { binding = 'redirect', hint = 'username', fresh = false } = {}) {
    const { page } = this;
    await page.goto(this.stack.ready.entra_url);
    await page.getByLabel('Work address').fill(address);
    if (binding !== 'redirect' || hint !== 'username' || fresh) {
      await page.getByText('Advanced').click();
      await page.getByLabel('Binding of the request').selectOption(binding);
      await page.getByLabel('Hint of the address').selectOption(hint);
      await page.getByLabel(/ForceAuthn/).setChecked(fresh);
    }
    await page.getByRole('button', { name: 'Next' }).click();
  }

  /** Asserts which page this is, by its heading, and waits until its style and its scripts are there. */
  async sees(heading) {
    const expected = this.page.getByRole('heading', { level: 1, name: heading, exact: true });
    try {
      await expected.waitFor({ timeout: 15_000 });
    } catch {
      const text = await this.page.locator('body').innerText();
      assert.fail(`expected «${heading}» at ${this.page.url()}, which says:\n${text}`);
    }
    await this.page.waitForLoadState();
  }

  /** Asserts what the notice of this page says. */
  async notices(text) {
    await this.page.getByRole('alert').filter({ hasText: text }).waitFor({ timeout: 15_000 });
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  async follow(name) {
    await this.page.getByRole('link', { name, exact: true }).click();
  }

  /** Asks for a code on the page that wants the work address, and types it. */
  async proveByCode(upn, personal) {
    await this.sees('Set up a passkey');
    const { length: earlier } = await this.stack.mails(personal);
    await this.page.getByLabel('Work address').fill(upn);
    await this.press('Send the code');
    await this.sees('Enter the code');
    const { digits } = await this.stack.code(personal, earlier + 1);
    await this.page.getByLabel('Six-digit code').fill(digits);
    await this.press('Continue');
  }

  /** Makes a passkey and answers the recovery code. */
  async register() {
    await this.sees('Create your passkey');
    await this.press('Create a passkey');
    await this.sees('Keep your recovery code');
    return (await this.page.locator('#code').innerText()).trim();
  }

  /** From the sign-in page to the end of an enrolment, and back to Entra. */
  async enrol(upn, personal) {
    await this.sees('Sign in');
    await this.follow('Set up a passkey');
    await this.proveByCode(upn, personal);
    await this.register();
    await this.follow('I have kept it, continue');
  }

  async signIn() {
    await this.sees('Sign in');
    await this.press('Sign in with a passkey');
  }

  /** Asserts that the portal knows who this is, and answers what it says. */
  async arrives(upn) {
    const { page } = this;
    await page.waitForURL(`${this.stack.portalUrl}/signed-in*`, { timeout: 15_000 }).catch(async () => {
      assert.fail(`not signed in but at ${page.url()}:\n${await page.locator('body').innerText()}`);
    });
    assert.equal(await page.getByTestId('upn').innerText(), upn);
    assert.equal(await page.getByTestId('mfa').innerText(), 'Federated Multi-Factor');
    return {
      authenticated: await page.getByTestId('authn-instant').innerText(),
      request: await page.getByTestId('request-id').innerText(),
    };
  }

  async look(name) {
    await look(this.page, name, this.scripted);
  }
}
