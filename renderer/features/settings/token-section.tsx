import { useState } from 'react';
import { tokenOnClipboardMs, useRevealToken } from '../../parts/use-copy-token.ts';
import { useRotate } from '../../parts/use-rotate.ts';
import { useCanAct, useModel, useServices } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SettingShell } from './setting-row.tsx';

/** Twelve, whatever the length of the token is. */
const cover = '•'.repeat(12);

/** The shared token: copied without being shown, renewed, or switched off. */
export function TokenSetting() {
  const { client, notices, words } = useServices();
  const { text, fill } = words;
  const canAct = useCanAct();
  const policy = useModel(({ daemon }) => daemon.authPolicy);
  const generation = useModel(({ token }) => token.generation) ?? 0;
  const reveal = useRevealToken();
  const rotate = useRotate();
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<string>();
  const { token } = text.settings;

  async function turnOff(): Promise<void> {
    setAsking(false);
    const answer = await client.json('clearToken', {});
    setError(answer.state === 'failed' ? describeFailure(answer.failure, words) : undefined);
    if (answer.state === 'ok') notices.getState().speak(token.offDone);
  }

  if (policy === 'jwt') {
    return (
      <SettingShell id="token" state="jwt" label={token.name} below={<p className="setting__fixed">{token.isJwt}</p>}>
        {null}
      </SettingShell>
    );
  }
  const isOff = policy === 'open';
  return (
    <>
      <SettingShell
        id="token"
        state={isOff ? 'off' : 'on'}
        label={token.name}
        note={
          isOff ? undefined : (
            <span className="token-masked" data-testid="token-masked">
              <span aria-hidden="true">{cover}</span>
              <span className="visually-hidden">{token.masked}</span> {fill(token.generation, { generation })}
            </span>
          )
        }
        below={
          error === undefined && !isOff ? undefined : (
            <>
              {isOff ? <p className="setting__pending">{token.isOff}</p> : null}
              {error === undefined ? null : (
                <p className="setting__error" role="alert" data-testid="setting-error">
                  {error}
                </p>
              )}
            </>
          )
        }
      >
        {isOff ? (
          <Button kind="outlined" testId="token-on" disabled={!canAct} onClick={rotate.run}>
            {token.turnOn}
          </Button>
        ) : (
          <>
            <CopyButton
              what="token"
              name={token.name}
              label={token.copy}
              text={reveal}
              clearAfterMs={tokenOnClipboardMs}
              isDisabled={!canAct}
            />
            <Button icon="rotate" testId="rotate-token" disabled={!canAct} onClick={rotate.run}>
              {token.rotate}
            </Button>
            <Button testId="token-off" disabled={!canAct} onClick={() => setAsking(true)}>
              {token.turnOff}
            </Button>
          </>
        )}
      </SettingShell>
      {isAsking ? (
        <Dialog
          title={token.offTitle}
          onCancel={() => setAsking(false)}
          choices={[
            { id: 'cancel', label: text.common.cancel, kind: 'outlined', run: () => setAsking(false) },
            { id: 'turn-off', label: token.offChoice, kind: 'danger', run: () => void turnOff() },
          ]}
        >
          <p>{token.offBody}</p>
        </Dialog>
      ) : null}
    </>
  );
}
