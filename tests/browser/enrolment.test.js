// From somebody without a passkey to «signed in with MFA».

import assert from 'node:assert/strict';

import { Passkeys } from './support/passkeys.js';
import { stories } from './support/story.js';

const story = stories();
const passkeys = new Passkeys();

const RECOVERY_CODE = /^[0-9A-Z]{5}(-[0-9A-Z]{5}){4}$/;

story('the first enrolment leads from the portal to signed in with MFA', async (visitor) => {
  const { tab, stack, watch } = visitor;
  await tab.page.goto(stack.ready.entra_url);
  await tab.look('portal');
  await tab.start('ada@contoso.test');
  await tab.sees('Sign in');
  assert.ok(tab.page.url().startsWith(stack.ready.sso_url));
  await tab.page.getByText('ada@contoso.test').waitFor();
  await tab.look('sign-in');

  await tab.follow('Set up a passkey');
  await tab.sees('Set up a passkey');
  assert.equal(await tab.page.getByLabel('Work address').inputValue(), 'ada@contoso.test');
  await tab.look('address');
  await tab.press('Send the code');
  await tab.sees('Enter the code');
  await tab.look('code');

  const { digits } = await stack.code('ada@personal.test');
  await tab.page.getByLabel('Six-digit code').fill(digits);
  await tab.press('Continue');
  await tab.sees('Create your passkey');
  await tab.look('register');
  const recovery = await tab.register();
  assert.match(recovery, RECOVERY_CODE);
  await tab.look('recovery');
  await tab.follow('I have kept it, continue');

  await tab.arrives('ada@contoso.test');
  await tab.look('portal-signed-in');
  const kept = (await watch.cookies()).map((cookie) => cookie.match(/^__Host-(\w)-/)?.[1]);
  assert.deepEqual([...new Set(kept)].sort(), ['r', 's'], 'a half of the request, and a session');
  const [report] = await stack.mails('ada@contoso.test');
  assert.ok(report, 'the enrolment is reported to the work address');
  await tab.page.goto(stack.ready.outbox_url);
  await tab.look('outbox');
});

story('five wrong codes end a code, and the next one enrols', async (visitor) => {
  const { tab, stack } = visitor;
  const personal = 'grace@personal.test';
  await tab.start('grace@contoso.test');
  await tab.follow('Set up a passkey');
  await tab.press('Send the code');
  await tab.sees('Enter the code');
  const { digits } = await stack.code(personal);
  const wrong = digits === '000000' ? '111111' : '000000';
  const type = async (code) => {
    await tab.page.getByLabel('Six-digit code').fill(code);
    await tab.press('Continue');
  };
  for (let tried = 1; tried <= 4; tried += 1) {
    await type(wrong);
    await tab.notices('That is not the right code.');
  }
  await tab.look('code-wrong');
  // What the browser refuses by itself is no try.
  await type('12345');
  await tab.sees('Enter the code');
  await type(wrong);
  await tab.notices('Too many tries. Ask for a new code.');
  await type(digits);
  await tab.notices('Too many tries. Ask for a new code.');
  await tab.look('code-over');

  await tab.press('Send another code');
  await tab.sees('Enter the code');
  await type((await stack.code(personal, 2)).digits);
  await tab.register();
  await tab.follow('I have kept it, continue');
  await tab.arrives('grace@contoso.test');
});

story('nothing tells a stranger who exists, and nobody gets a code who may not use one', async (visitor) => {
  const { tab, stack, watch } = visitor;
  await passkeys.enrol(visitor, 'eve@fabrikam.test');
  // Disabled, without a personal address, an administrator, somebody enrolled, nobody.
  const addresses = [
    'mallory@contoso.test',
    'noclaim@contoso.test',
    'admin@contoso.test',
    'eve@fabrikam.test',
    'nobody@contoso.test',
    'alan@contoso.test',
  ];
  const shapes = new Set();
  for (const address of addresses) {
    await tab.start('ada@contoso.test', { hint: 'none' });
    await tab.follow('Set up a passkey');
    await tab.page.getByLabel('Work address').fill(address);
    await tab.press('Send the code');
    await tab.sees('Enter the code');
    const { html, status } = watch.documents.at(-1);
    const shape = html.replace(/(enrol\/\w+\/)[\w-]+/g, '$1…').replace(/(name="csrf" value=")[^"]*/g, '$1…');
    shapes.add(`${status} ${shape}`);
  }
  assert.equal(shapes.size, 1, 'one page for all of them');

  // Alan asked last and may.
  await stack.code('alan@personal.test');
  for (const name of ['mallory', 'eve']) {
    assert.deepEqual(await stack.mails(`${name}@personal.test`), [], name);
  }
  for (const address of addresses) {
    const codes = (await stack.mails(address)).filter((mail) => mail.subject.includes('code'));
    assert.deepEqual(codes, [], address);
  }
});

story('somebody without an anchor is told what an administrator must do', async ({ tab, watch }) => {
  await tab.start('noanchor@contoso.test');
  await tab.enrol('noanchor@contoso.test', 'noa@personal.test');
  await tab.sees('Your account is not ready yet');
  await tab.page.getByText('onPremisesImmutableId').waitFor();
  await tab.look('problem-no-anchor');
  assert.equal(watch.answers().length, 0, 'Microsoft was told nothing');
});

story('an address outside the domain is told what an administrator must do', async (visitor) => {
  const { tab, watch } = visitor;
  await passkeys.give(visitor, 'eve@fabrikam.test');
  await tab.start('ada@contoso.test', { hint: 'none' });
  await tab.signIn();
  await tab.sees('Your address belongs to another domain');
  await tab.page.getByText('AADSTS5000820').waitFor();
  await tab.look('problem-outside-domain');
  assert.equal(watch.answers().length, 0, 'Microsoft was told nothing');
});

story('a passkey that did not verify the person is not registered, an honest one is', async (visitor) => {
  const { tab } = visitor;
  const { authenticator } = tab;
  await tab.start('alan@contoso.test');
  await tab.follow('Set up a passkey');
  await tab.proveByCode('alan@contoso.test', 'alan@personal.test');
  await tab.sees('Create your passkey');

  await authenticator.insert({ hasUserVerification: false, isUserVerified: false });
  await tab.press('Create a passkey');
  await tab.notices('No passkey was used');
  await authenticator.insert();
  await authenticator.verifies(false);
  await tab.press('Create a passkey');
  await tab.notices('No passkey was used');
  await tab.look('register-cancelled');
  await authenticator.verifies(true);
  await authenticator.lie({ isBadUV: true });
  await tab.press('Create a passkey');
  await tab.notices('Your device did not check that it is you');

  await authenticator.insert();
  await tab.register();
  await tab.follow('I have kept it, continue');
  await tab.arrives('alan@contoso.test');
});

story('a recovery code enrols on a new device, once', async (visitor) => {
  const { tab, stack } = visitor;
  await tab.page.goto(await stack.invite('noclaim@contoso.test'));
  await tab.press('Begin');
  const first = await tab.register();

  // Every device is lost.
  const { tab: other } = await visitor.somebodyElse();
  await other.start('noclaim@contoso.test');
  await other.follow('Set up a passkey');
  await other.follow('I have a recovery code');
  await other.sees('Use your recovery code');
  await other.look('recover');
  const type = async (code) => {
    await other.page.getByLabel('Recovery code').fill(code);
    await other.press('Continue');
  };
  await type('AAAAA-AAAAA-AAAAA-AAAAA-AAAAA');
  await other.notices('do not belong together');
  await other.look('recover-wrong');
  await type(first.toLowerCase());
  const second = await other.register();
  assert.notEqual(second, first);
  await other.follow('I have kept it, continue');
  await other.arrives('noclaim@contoso.test');

  const { tab: thief } = await visitor.somebodyElse();
  await thief.start('noclaim@contoso.test');
  await thief.follow('Set up a passkey');
  await thief.follow('I have a recovery code');
  await thief.page.getByLabel('Recovery code').fill(first);
  await thief.press('Continue');
  await thief.notices('do not belong together');
});
