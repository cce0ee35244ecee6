import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenAPIGenerator } from '@orpc/openapi';
import { OpenAPIHandler } from '@orpc/openapi/node';
import { BodyLimitPlugin } from '@orpc/server/node';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import { contract } from '../contract/contract.ts';
import type { CallContext } from './call-context.ts';
import { largestMessage } from './largest-message.ts';
import { router } from './router.ts';
import { version } from './version.ts';
import { withCallLimit, withDecodingFailures, withWireFailures } from './wire-failures.ts';

/** Where the contract lies for scripts. */
const prefix = '/api';
const documentPath = `${prefix}/openapi.json`;

const handler = new OpenAPIHandler<CallContext>(router, {
  clientInterceptors: [withWireFailures],
  interceptors: [withCallLimit, withDecodingFailures],
  plugins: [new BodyLimitPlugin({ maxBodySize: largestMessage })],
});

/** The OpenAPI 3.1 document of every procedure: POST /api/GROUP/NAME, streams as server-sent events. */
function openApiDocument(): Promise<object> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  return generator.generate(contract, {
    info: { title: 'Hookpoint', version },
    servers: [{ url: prefix }],
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  });
}

/** The contract over plain HTTP, for scripts. False where the request asks for something else. */
export async function answerOverHttp(
  context: CallContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.method === 'GET' && request.url?.split('?')[0] === documentPath) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(await openApiDocument()));
    return true;
  }
  const { matched } = await handler.handle(request, response, { prefix, context });
  return matched;
}
