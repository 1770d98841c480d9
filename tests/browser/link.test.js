// One-time links: the first administrator's, and an invitation.

import assert from 'node:assert/strict';

import { stories } from './support/story.js';

const story = stories();

story("the first administrator's link works once, and the passkey signs in", async (visitor) => {
  const { tab, stack } = visitor;
  const { bootstrap_url: link } = stack.ready;
  await tab.page.goto(link);
  await tab.sees('Welcome');
  await tab.look('invitation');
  await tab.press('Begin');
  await tab.register();
  await tab.page.getByText('go to your application and sign in').waitFor();
  await tab.look('recovery-without-request');

  await tab.page.goto(link);
  await tab.sees('This link can no longer be used');
  await tab.look('problem-link-over');
  const { tab: thief } = await visitor.somebodyElse();
  await thief.page.goto(link);
  await thief.sees('This link can no longer be used');

  await tab.start('admin@contoso.test', { fresh: true });
  await tab.signIn();
  await tab.arrives('admin@contoso.test');
});

story('a link that is opened twice is used by whoever finishes first', async (visitor) => {
  const { tab, stack } = visitor;
  const link = await stack.invite('ada@contoso.test');
  const { tab: other } = await visitor.somebodyElse();
  for (const each of [tab, other]) {
    await each.page.goto(link);
    await each.press('Begin');
    await each.sees('Create your passkey');
  }
  await tab.register();
  await other.press('Create a passkey');
  await other.sees('This link can no longer be used');
});

story('looking at a link does not use it up', async ({ tab, stack }) => {
  const link = await stack.invite('grace@contoso.test');
  for (let seen = 0; seen < 3; seen += 1) {
    const answer = await fetch(link);
    assert.equal(answer.status, 200);
    await answer.text();
  }
  await tab.page.goto(link);
  await tab.press('Begin');
  await tab.register();
});
