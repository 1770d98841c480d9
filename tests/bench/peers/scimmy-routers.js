// scimmy-routers over Maps in this process, with an index for each attribute that the simulated Entra and the bench
// look up. Its own documentation shows an array that is searched from the beginning. With express 5 it does not see
// `startIndex` and `count`: hence 4, which it is developed with.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

const [token] = process.argv.slice(2);
const { Error: ScimError, Schema, SchemaDefinition, Attribute } = SCIMMY.Types;

// The part of our own extension that the simulated Entra sends.
class Passerelle extends Schema {
  static #definition = new SchemaDefinition(
    'Passerelle',
    'urn:ietf:params:scim:schemas:extension:passerelle:2.0:User',
    'What signs a user in',
    [new Attribute('string', 'immutableId'), new Attribute('string', 'personalEmail')],
  );
  static get definition() {
    return Passerelle.#definition;
  }
}

/** Resources of one kind, in the order of their creation, found by id and by some other attributes. */
class Shelf {
  #all = new Map();
  #order = [];
  #indexes;

  constructor(...indexed) {
    this.#indexes = new Map(indexed.map((name) => [name, new Map()]));
  }

  /** What SCIMMY asks for: one, those of a filter, or a page of all. */
  read(resource) {
    if (resource.id) {
      const found = this.#all.get(resource.id);
      if (!found) throw new ScimError(404, null, `Resource ${resource.id} not found`);
      return found;
    }
    if (resource.filter) {
      return this.#lookedUp(resource.filter) ?? resource.filter.match([...this.#order]);
    }
    const { startIndex = 1, count = 20 } = resource.constraints ?? {};
    resource.constraints = { startIndex, count, totalResults: this.#order.length };
    return this.#order.slice(startIndex - 1, startIndex - 1 + count);
  }

  write(resource, data) {
    const before = this.#all.get(resource.id);
    if (resource.id && !before) throw new ScimError(404, null, `Resource ${resource.id} not found`);
    const now = new Date().toISOString();
    const id = before?.id ?? randomUUID();
    const meta = { created: before?.meta.created ?? now, lastModified: now };
    const after = { ...JSON.parse(JSON.stringify(data)), id, meta };
    for (const [name, index] of this.#indexes) {
      const owner = after[name] === undefined ? undefined : index.get(after[name].toLowerCase());
      if (owner && owner.id !== id) throw new ScimError(409, 'uniqueness', `${name} is taken`);
    }
    for (const [name, index] of this.#indexes) {
      if (before?.[name] !== undefined) index.delete(before[name].toLowerCase());
      if (after[name] !== undefined) index.set(after[name].toLowerCase(), after);
    }
    if (before) this.#order[before.place] = after;
    else this.#order.push(after);
    Object.defineProperty(after, 'place', { value: before?.place ?? this.#order.length - 1 });
    this.#all.set(id, after);
    return after;
  }

  #lookedUp(filter) {
    const [only, ...more] = filter;
    const [name, ...others] = more.length ? [] : Object.keys(only);
    const [operator, value] = others.length ? [] : (only[name] ?? []);
    const index = [...this.#indexes].find(([indexed]) => indexed.toLowerCase() === name?.toLowerCase())?.[1];
    if (!index || operator !== 'eq' || typeof value !== 'string') return undefined;
    const found = index.get(value.toLowerCase());
    return found ? [found] : [];
  }
}

const users = new Shelf('userName', 'externalId');
const groups = new Shelf();
const gone = () => {
  throw new ScimError(501, null, 'the bench deletes nothing');
};
const handlers = (shelf) => ({
  egress: (resource) => shelf.read(resource),
  ingress: (resource, data) => shelf.write(resource, data),
  degress: gone,
});
SCIMMY.Resources.declare(SCIMMY.Resources.User, handlers(users))
  .declare(SCIMMY.Resources.Group, handlers(groups));
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false).extend(Passerelle, false);

const app = express();
const handler = (request) => {
  if (request.header('Authorization') !== `Bearer ${token}`) throw new Error('a wrong token');
  return 'bench';
};
app.use('/scim', new SCIMMYRouters({ type: 'bearer', handler }));
const server = createServer(app);
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/scim`));
