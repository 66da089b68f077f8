import './banners.css';
import type { ReactNode } from 'react';
import { useHost, useLive, useModel, useWords } from '../state/services.ts';
import { useTray } from '../state/use-tray.ts';
import { Button, ButtonLink } from '../ui/button.tsx';
import { Icon, type IconName } from '../ui/icons.tsx';

/** What holds for the whole page: each says what is wrong and goes away by itself. */
export function Banners() {
  const words = useWords();
  const { isReadOnly } = useHost().capabilities;
  const isLost = useLive(({ connection, model }) => connection.state === 'lost' && model !== undefined);
  const takenAt = useLive(({ connection, model }) => (connection.state === 'lost' ? model?.takenAt : undefined));
  const isOpen = useModel(({ daemon }) => daemon.authPolicy === 'open') ?? false;
  const { tray, state } = useTray();
  const { status } = words.text;
  return (
    <>
      {isLost ? (
        <Banner testId="banner-stale" icon="clock" kind="warn">
          {words.fill(status.staleBanner, { time: takenAt === undefined ? '' : words.clockSeconds(takenAt) })}
        </Banner>
      ) : null}
      {isReadOnly ? (
        <Banner testId="banner-readonly" icon="info" kind="quiet">
          {status.readOnlyBanner}
        </Banner>
      ) : null}
      {tray !== undefined && state?.notices.includes('no-tray') === true ? (
        <Banner
          testId="banner-no-tray"
          icon="info"
          kind="quiet"
          action={
            <Button kind="plain" onClick={() => void tray.ask('dismissNotice', { notice: 'no-tray' })}>
              {words.text.common.close}
            </Button>
          }
        >
          {words.text.tray.window.noTray}
        </Banner>
      ) : null}
      {isOpen && !isLost ? (
        <Banner
          testId="banner-auth-off"
          icon="warning"
          kind="warn"
          action={isReadOnly ? null : <ButtonLink href="#/rotation">{status.authOffAction}</ButtonLink>}
        >
          {status.authOffBanner}
        </Banner>
      ) : null}
    </>
  );
}

interface BannerProps {
  readonly testId: string;
  readonly icon: IconName;
  readonly kind: 'warn' | 'quiet';
  readonly children: string;
  readonly action?: ReactNode;
}

function Banner({ testId, icon, kind, children, action }: BannerProps) {
  return (
    <div className={`banner banner--${kind}`} data-testid={testId}>
      <Icon name={icon} />
      <p className="banner__text">{children}</p>
      {action}
    </div>
  );
}
