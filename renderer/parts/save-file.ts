import type { Answer } from '../api/admin-client.ts';
import type { Host } from '../host/host.ts';

/** How long the browser may take until it has begun to save. */
const keptMs = 60_000;

/** Saves what was fetched. A plain link would be refused: the key of the sign-in is a header. */
function saveFile(host: Host, blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob);
  host.download(url, fileName);
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}

/** Fetches and saves; gives what went wrong. */
export async function fetchAndSave(
  host: Host,
  content: Promise<Answer<Blob>>,
  fileName: string,
): Promise<Answer<undefined>> {
  const answer = await content;
  if (answer.state === 'failed') return answer;
  saveFile(host, answer.value, fileName);
  return { state: 'ok', value: undefined };
}
