// @ts-check
import { createServer } from 'node:http';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.wasm', 'application/wasm'],
]);

/**
 * Serves files on a free port of this machine until `close` is called.
 * @param {(path: string) => Promise<string | Uint8Array | undefined> | string | Uint8Array | undefined} find the file at
 *   '/path', undefined where there is none
 * @returns {Promise<{ readonly origin: string, readonly close: () => void }>}
 */
export async function serve(find) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const body = await find(pathname);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const extension = /\.\w+$/.exec(pathname)?.[0] ?? '.html';
    response.setHeader('content-type', TYPES.get(extension) ?? 'application/octet-stream').end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
