import { useModel, useWords } from '../../state/services.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { MiddleText } from '../../ui/middle-text.tsx';

/** Where clients connect. */
export function Endpoint() {
  const { text } = useWords();
  const address = useModel(({ daemon }) => daemon.wsUrl ?? daemon.localSocket);
  if (address === undefined || address === null) return null;
  return (
    <div className="endpoint" data-testid="endpoint">
      <MiddleText text={address} isId />
      <CopyButton what="address" name={text.overview.endpoint} text={address} />
    </div>
  );
}
