import { protocol } from 'electron';
import { appOrigin } from '../../protocol/host-verbs.ts';
import type { PageFiles } from '../core/page-files.ts';

const { protocol: scheme } = new URL(appOrigin);
const schemeName = scheme.slice(0, -1);

/** Before `ready`: makes `app:` a scheme with an origin of its own. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: schemeName,
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ]);
}

/** Serves the page and its `/api` at {@link appOrigin}; any other host of the scheme gets nothing. */
export function serveApp(files: PageFiles, answerApi: (request: Request) => Promise<Response>): void {
  protocol.handle(schemeName, (request) => {
    if (!request.url.startsWith(`${appOrigin}/`)) return new Response('Not found', { status: 404 });
    return request.url.startsWith(`${appOrigin}/api/`) ? answerApi(request) : files.answer(request.url);
  });
}
