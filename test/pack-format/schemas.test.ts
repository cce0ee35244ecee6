import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { jsonSchemas } from '../../engine/packs/json-schemas.ts';

const folder = new URL('../../schemas/', import.meta.url);

test('the published JSON Schemas are those of the code (npm run schemas writes them)', () => {
  const schemas = jsonSchemas();
  expect(readdirSync(folder).sort()).toEqual(Object.keys(schemas).sort());
  for (const [file, schema] of Object.entries(schemas)) {
    expect(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
  }
});
