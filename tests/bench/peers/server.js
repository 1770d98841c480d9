// What both peers share: one address that takes a request of the HTTP-Redirect binding, on node:http alone.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [keyFile, certificateFile] = process.argv.slice(2);

/** The signing key, in this process's memory, and its certificate, both PEM. */
export const key = readFileSync(keyFile, 'utf8');
export const certificate = readFileSync(certificateFile, 'utf8');

export const ISSUER = 'http://localhost/idp';
export const AUDIENCE = 'urn:federation:MicrosoftOnline';
export const REPLY_URL = 'https://login.microsoftonline.com/login.srf';
export const USER = {
  anchor: 'v4LpzGBSQUm9cGcRkPQf1A==',
  upn: 'ada@contoso.test',
};

/** Answers each GET with `respond(query)`'s page; says where on standard output. */
export function serve(respond) {
  const server = createServer(async (request, response) => {
    const query = Object.fromEntries(new URL(request.url, ISSUER).searchParams);
    try {
      const page = await respond(query);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(page);
    } catch (error) {
      console.error(error);
      response.writeHead(500).end();
    }
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
}
