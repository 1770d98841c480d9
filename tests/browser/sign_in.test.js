// Somebody who has a passkey signs in, in every way that a browser can.

import assert from 'node:assert/strict';

import { Passkeys } from './support/passkeys.js';
import { stories } from './support/story.js';

const ADA = 'ada@contoso.test';
const ALAN = 'alan@contoso.test';
const GRACE = 'grace@contoso.test';

const story = stories();
const passkeys = new Passkeys();

/** Titles of our own pages that were seen. */
const titles = ({ documents }) => documents.map((document) => document.title.split(' · ')[0]);

story('the second sign-in is silent, and ForceAuthn asks again', async (visitor) => {
  const { tab, watch } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.signIn();
  const first = await tab.arrives(ADA);
  watch.documents.length = 0;

  await tab.start(ADA);
  const second = await tab.arrives(ADA);
  assert.deepEqual(titles(watch), ['One moment…'], 'nobody was asked');
  assert.notEqual(second.request, first.request);
  assert.equal(second.authenticated, first.authenticated, "the ceremony's own time");

  await tab.start(ADA, { fresh: true });
  await tab.signIn();
  const third = await tab.arrives(ADA);
  assert.ok(third.authenticated > second.authenticated, 'a ceremony of this request');
});

story('a passkey without a typed hint says who it is', async (visitor) => {
  const { tab } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA, { hint: 'none' });
  await tab.sees('Sign in');
  assert.equal(await tab.page.getByText(ADA).count(), 0);
  await tab.signIn();
  await tab.arrives(ADA);
});

story('a POST from another site carries no session, and our own GET after it does', async (visitor) => {
  const { tab, watch } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA, { binding: 'post' });
  await tab.signIn();
  await tab.arrives(ADA);
  watch.requests.length = 0;

  await tab.start(ADA, { binding: 'post' });
  await tab.arrives(ADA);
  const sent = await Promise.all(
    watch.navigations().map(async (request) => {
      const { cookie = '' } = await request.allHeaders();
      return [request.method(), /__Host-s-/.test(cookie)];
    }),
  );
  assert.deepEqual(sent, [['POST', false], ['GET', true]]);
});

story('sign-out at the portal ends the session here', async (visitor) => {
  const { tab, stack, context } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.signIn();
  await tab.arrives(ADA);

  const sessions = async () => {
    const cookies = await context.cookies(stack.ready.base_url);
    return cookies.filter((cookie) => cookie.name.startsWith('__Host-s-'));
  };
  const before = await sessions();
  assert.equal(before.length, 1);

  await tab.press('Sign out');
  await tab.sees('Signed out');
  await tab.look('portal-signed-out');
  const judged = (await stack.journal()).filter((entry) => entry.kind === 'logout_judged');
  assert.equal(judged.at(-1).code ?? judged.at(-1).details?.code, 0);
  assert.deepEqual(await sessions(), []);

  // Neither the browser nor the table has it any more.
  await context.addCookies(before);
  await tab.start(ADA);
  await tab.signIn();
  await tab.arrives(ADA);
});

story('two tabs at once both finish', async (visitor) => {
  const [one, other] = [visitor.tab, await visitor.open()];
  await passkeys.give(visitor, ADA, one);
  await one.start(ADA);
  await other.start(ADA);
  await one.sees('Sign in');
  await other.sees('Sign in');

  await one.signIn();
  const first = await one.arrives(ADA);
  await passkeys.give(visitor, ADA, other);
  await other.signIn();
  const second = await other.arrives(ADA);
  assert.notEqual(first.request, second.request);
});

story('the back button after success shows that this sign-in is over', async (visitor) => {
  const { tab, watch, stack } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.signIn();
  await tab.arrives(ADA);
  assert.equal(watch.answers().length, 1);

  await tab.page.goBack();
  await tab.sees('This sign-in is over');
  await tab.look('problem-request-over');
  assert.equal(watch.answers().length, 1, 'no second answer');
  await tab.page.goBack();
  assert.equal(new URL(tab.page.url()).origin, stack.ready.entra_url);
});

story('the back button after a silent sign-in traps nobody', async (visitor) => {
  const { tab, watch, stack } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.signIn();
  await tab.arrives(ADA);
  await tab.start(ADA);
  await tab.arrives(ADA);
  assert.equal(watch.answers().length, 2);

  await tab.page.goBack();
  assert.equal(new URL(tab.page.url()).origin, stack.ready.entra_url);
  await tab.sees('Sign in');
  assert.equal(watch.answers().length, 2, 'no further answer');
});

story('a reload before the answer changes nothing', async (visitor) => {
  const { tab } = visitor;
  for (const binding of ['redirect', 'post']) {
    await visitor.context.clearCookies();
    await passkeys.give(visitor, ADA);
    await tab.start(ADA, { binding });
    await tab.sees('Sign in');
    await tab.page.reload();
    await tab.page.reload();
    await tab.signIn();
    await tab.arrives(ADA);
    await tab.authenticator.insert();
  }
});

story('a ceremony that was cancelled says so, and the next one works', async (visitor) => {
  const { tab } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.sees('Sign in');
  await tab.authenticator.verifies(false);
  await tab.press('Sign in with a passkey');
  await tab.notices('No passkey was used: the window was closed');
  await tab.look('sign-in-cancelled');

  await tab.authenticator.verifies(true);
  await tab.signIn();
  await tab.arrives(ADA);
});

story('a ceremony that nobody answers can be left by a reload', async (visitor) => {
  const { tab } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.sees('Sign in');
  await tab.authenticator.touched(false);
  await tab.press('Sign in with a passkey');
  await tab.page.getByRole('status').filter({ hasText: 'Waiting for your passkey' }).waitFor();
  const button = tab.page.getByRole('button', { name: 'Sign in with a passkey' });
  assert.ok(await button.isDisabled(), 'a second press begins no second ceremony');
  await tab.look('sign-in-waiting');

  await tab.page.reload();
  await tab.authenticator.touched(true);
  await tab.signIn();
  await tab.arrives(ADA);
});

story('an authenticator that cannot verify the person is of no use', async (visitor) => {
  const { tab } = visitor;
  await tab.authenticator.insert({ hasUserVerification: false, isUserVerified: false });
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.signIn();
  await tab.notices('No passkey was used');
});

story('an answer without user verification is refused, whatever the browser thinks', async (visitor) => {
  const { tab, watch } = visitor;
  await passkeys.give(visitor, ADA);
  await tab.start(ADA);
  await tab.sees('Sign in');
  await tab.authenticator.lie({ isBadUV: true });
  await tab.signIn();
  await tab.notices('Your device did not check that it is you');
  await tab.look('sign-in-unverified');
  await tab.authenticator.lie({ isBogusSignature: true });
  await tab.signIn();
  await tab.notices('That did not work. Try again.');
  assert.equal(watch.answers().length, 0, 'Microsoft was told nothing');

  await tab.authenticator.lie({});
  await tab.signIn();
  await tab.arrives(ADA);
});

story('a passkey that is not known here says so', async (visitor) => {
  const { tab } = visitor;
  await passkeys.give(visitor, ADA);
  const [known] = await tab.authenticator.credentials();
  await tab.authenticator.insert();
  const unknown = Buffer.alloc(32, 7).toString('base64');
  await tab.authenticator.take([{ ...known, credentialId: unknown }]);
  await tab.start(ADA);
  await tab.signIn();
  await tab.notices('This passkey is not known here.');
});

story('a passkey whose counter goes back is refused as a copy', async (visitor) => {
  const { tab, watch } = visitor;
  await passkeys.give(visitor, ALAN);
  const before = await tab.authenticator.credentials();
  await tab.start(ALAN);
  await tab.signIn();
  await tab.arrives(ALAN);
  await visitor.context.clearCookies();
  await tab.authenticator.insert();
  await tab.authenticator.take(before, 1);
  const answers = watch.answers().length;
  await tab.start(ALAN);
  await tab.signIn();
  await tab.sees('This passkey was refused');
  await tab.look('problem-passkey-refused');
  assert.equal(watch.answers().length, answers);
});

story('the keyboard suffices', async (visitor) => {
  const { tab, stack } = visitor;
  const { keyboard } = tab.page;
  const focused = () => tab.page.evaluate(() => document.activeElement?.textContent.trim());
  await passkeys.give(visitor, ADA);
  await tab.page.goto(stack.ready.entra_url);
  await keyboard.type(ADA);
  await keyboard.press('Enter');
  await tab.sees('Sign in');
  assert.equal(await focused(), 'Sign in with a passkey');

  await keyboard.press('Tab');
  assert.equal(await focused(), 'Set up a passkey');
  const outline = await tab.page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.equal(outline, '3px', 'what has the focus is seen');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Enter');
  await tab.arrives(ADA);
});

story('a clock that is wrong at Microsoft is AADSTS500089, and a right one signs in', async (visitor) => {
  const { tab, stack } = visitor;
  await passkeys.give(visitor, ADA);
  await stack.turnEntraClock(-480);
  try {
    await tab.start(ADA);
    await tab.signIn();
    await tab.sees('This was refused');
    assert.equal(await tab.page.getByTestId('code').innerText(), 'AADSTS500089');
    await tab.look('portal-refused');
  } finally {
    await stack.turnEntraClock(0);
  }
  await tab.start(ADA);
  await tab.arrives(ADA);
});

story('a request that one browser began is none of another one', async (visitor) => {
  const { tab } = visitor;
  await tab.start(ADA, { binding: 'post' });
  await tab.sees('Sign in');
  const other = await visitor.somebodyElse();
  await other.tab.page.goto(tab.page.url());
  await other.tab.sees('This sign-in does not go on here');
  await other.tab.look('problem-other-browser');
});

story('somebody whose access was taken away is told so, with a session and with a passkey', async (visitor) => {
  const { tab, stack, watch } = visitor;
  await passkeys.give(visitor, GRACE);
  await tab.start(GRACE);
  await tab.signIn();
  await tab.arrives(GRACE);
  const answers = watch.answers().length;

  await stack.disable(GRACE);
  await tab.start(GRACE);
  await tab.signIn();
  await tab.sees('Your account is turned off');
  await tab.look('problem-user-disabled');
  assert.equal(watch.answers().length, answers, 'Microsoft was told nothing');
});
