import { useModel, useWords } from '../../state/services.ts';
import { CopyButton } from '../../ui/copy-button.tsx';

/** Where clients connect. */
export function Endpoint() {
  const { text } = useWords();
  const address = useModel(({ daemon }) => daemon.wsUrl ?? daemon.localSocket);
  if (address === undefined || address === null) return null;
  return (
    <div className="endpoint" data-testid="endpoint">
      <bdi className="mono truncate" dir="ltr" title={address}>
        {address}
      </bdi>
      <CopyButton what="address" name={text.overview.endpoint} text={address} />
    </div>
  );
}
