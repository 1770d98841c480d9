// The administrator of an organization, and its connection to the Entra tenant.

export const ADMIN = 'admin@contoso.test';

/** Makes the first administrator's passkey, by the link of the bootstrap. */
export async function administer(tab) {
  await tab.page.goto(tab.stack.ready.bootstrap_url);
  await tab.press('Begin');
  await tab.register();
}

/** Opens the connection's page. */
export async function openConnection(tab) {
  await tab.page.goto(tab.stack.ready.connect_url);
  await tab.sees('Connection to Microsoft Entra');
}

/** Consents at Microsoft to what a link of the page asks for, and comes back. */
export async function consent(tab, feature) {
  const { page } = tab;
  await page.locator(`a[href*="/start/${feature}/"]`).first().click();
  for (const heading of ['Permissions requested', 'Pick an account']) {
    await tab.sees(heading);
    await page.locator(`button[data-account="${ADMIN}"]`).click();
  }
  await tab.sees('Connection to Microsoft Entra');
}

/** Waits until everybody is read: the page comes again by itself until then. */
export async function everybodyIsRead({ page }) {
  await page.getByText('Last read', { exact: true }).waitFor({ timeout: 30_000 });
}
