import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holdingRoutes } from '../../gateway/socket/holding-routes.js';
import { hubRoutes } from '../../gateway/socket/hub-routes.js';
import { lookupRoutes } from '../../gateway/socket/lookup-route.js';
import { nodeRoutes } from '../../gateway/socket/node-routes.js';
import { noticeRoutes } from '../../gateway/socket/notice-routes.js';
import { publishRoutes } from '../../gateway/socket/publish-route.js';
import { showRoutes } from '../../gateway/socket/show-route.js';

const document = readFileSync(new URL('../../docs/API.md', import.meta.url), 'utf8');
const routes = [publishRoutes, lookupRoutes, showRoutes, noticeRoutes, holdingRoutes, nodeRoutes, hubRoutes];

describe('the description of the local socket', () => {
  it('names every call, and none that there is not', () => {
    const described = [...document.matchAll(/`((?:GET|POST) \/[a-z/]+)`/g)].map(([, call]) => call);
    const served = routes.flatMap((group) => Object.keys(group));
    expect([...new Set(described)].toSorted()).toEqual(served.toSorted());
  });

  it('has examples for every call', () => {
    const tried = new Set([...document.matchAll(/http:\/\/localhost(\/[a-z/]+)/g)].map(([, path]) => path));
    const paths = routes.flatMap((group) => Object.keys(group)).map((call) => call.split(' ')[1]);
    expect([...tried].toSorted()).toEqual([...new Set(paths)].toSorted());
  });
});
