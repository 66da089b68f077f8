import './settings-page.css';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { SettingView } from '../../../protocol/settings.ts';
import { useHost, useLive, useServices, useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/panels.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { ClearHistory } from './clear-history.tsx';
import { diagnosticsOf } from './diagnostics.ts';
import { GeneralSettings, isGeneralFound } from './general-section.tsx';
import { About, HostSettings, hostLabels } from './host-section.tsx';
import { groupSettings, isForNextStart, isMatch } from './setting-groups.ts';
import { SettingRow } from './setting-row.tsx';
import { TokenSetting } from './token-section.tsx';
import { useSettings } from './use-settings.ts';

/** What can be set, by meaning; each change holds, or is stored, at once. */
export function SettingsPage({ section }: { readonly section: string | undefined }) {
  const words = useWords();
  const { text, fill } = words;
  const { settings: all, file, failure, save, retry } = useSettings();
  const [find, setFind] = useState('');
  const [isAdvancedOpen, setAdvancedOpen] = useState(section === 'advanced');
  const page = useRef<HTMLDivElement>(null);
  const { canOwnDaemon } = useHost().capabilities;
  const groups = groupSettings(all ?? [], find, text);
  const { groups: titles, token, history } = text.settings;
  const isTokenFound = isMatch(`${titles.token} ${token.name} ${token.rotate} ${token.turnOff}`, find);
  const isClearFound = isMatch(`${titles.history} ${history.name} ${history.clear}`, find);
  const isFound = {
    general: isGeneralFound(find, text.settings),
    host: canOwnDaemon && hostLabels(words).some((label) => isMatch(label, find)),
    about: canOwnDaemon && isMatch(titles.about, find),
    limits: groups.limits.length > 0,
    addresses: groups.addresses.length > 0,
    token: groups.token.length > 0 || isTokenFound,
    history: groups.history.length > 0 || isClearFound,
    advanced: groups.advanced.length > 0,
  };
  const isReady = all !== undefined;

  // An address with a section leads to it, once there is something to show.
  useEffect(() => {
    if (section === undefined || !isReady) return;
    const heading = page.current?.querySelector<HTMLElement>(`[data-section="${CSS.escape(section)}"] h2`);
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  }, [section, isReady]);

  const rows = (list: readonly SettingView[]) =>
    list.map((setting) => (
      <SettingRow key={setting.name} setting={setting} save={save} isStartSaid={isAllForNextStart(list)} />
    ));
  const noteOf = (list: readonly SettingView[], ...notes: readonly string[]) =>
    [...notes, ...(isAllForNextStart(list) ? [text.settings.allAtNextStart] : [])].join(' ');

  return (
    <div ref={page} className="settings" data-testid="settings">
      <div className="settings__head">
        <h1 tabIndex={-1}>{text.settings.title}</h1>
        <SearchField testId="settings-find" label={text.settings.find} value={find} onChange={setFind} />
      </div>
      {Object.values(isFound).includes(true) || !isReady ? null : (
        <EmptyState text={text.settings.noMatch}>
          <Button kind="outlined" onClick={() => setFind('')}>
            {text.settings.showAll}
          </Button>
        </EmptyState>
      )}
      {isFound.general ? (
        <Section id="general" title={titles.general}>
          <GeneralSettings find={find} />
        </Section>
      ) : null}
      {isFound.host ? (
        <Section id="host" title={titles.host}>
          <HostSettings find={find} />
        </Section>
      ) : null}
      {failure !== undefined && !isReady ? (
        <ErrorPanel title={text.settings.failed} cause={describeFailure(failure, words)} code={failure.code}>
          <Button kind="outlined" testId="error-action" onClick={retry}>
            {text.common.retry}
          </Button>
        </ErrorPanel>
      ) : isReady ? null : (
        <Skeleton rows={6} />
      )}
      {isFound.limits ? (
        <Section id="limits" title={titles.limits} note={text.settings.limitsNote}>
          {rows(groups.limits)}
        </Section>
      ) : null}
      {isFound.addresses ? (
        <Section id="addresses" title={titles.addresses} note={noteOf(groups.addresses)}>
          {rows(groups.addresses)}
        </Section>
      ) : null}
      {isFound.token ? (
        <Section id="token" title={titles.token}>
          {isTokenFound ? <TokenSetting /> : null}
          {rows(groups.token)}
        </Section>
      ) : null}
      {isFound.history ? (
        <Section id="history" title={titles.history} note={noteOf(groups.history)}>
          {rows(groups.history)}
          {isClearFound ? <ClearHistory /> : null}
        </Section>
      ) : null}
      {isFound.advanced ? (
        <Section
          id="advanced"
          title={titles.advanced}
          note={noteOf(groups.advanced, text.settings.advancedNote)}
          count={groups.advanced.length}
          isOpen={isAdvancedOpen || find !== ''}
          onToggle={() => setAdvancedOpen((before) => !before)}
        >
          {rows(groups.advanced)}
        </Section>
      ) : null}
      {isFound.about ? (
        <Section id="about" title={titles.about}>
          <About find={find} />
        </Section>
      ) : null}
      <SettingsFoot settings={all ?? []} note={file === '' ? '' : fill(text.settings.storedIn, { file })} />
    </div>
  );
}

/** Said once at the head instead of at every row. */
function isAllForNextStart(list: readonly SettingView[]): boolean {
  const editable = list.filter(({ isEditable }) => isEditable);
  return editable.length > 1 && editable.every(isForNextStart);
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  /** A section that folds; without `onToggle` it is always open. */
  readonly count?: number;
  readonly isOpen?: boolean;
  readonly onToggle?: () => void;
  readonly children: ReactNode;
}

function Section({ id, title, note = '', count, isOpen = true, onToggle, children }: SectionProps) {
  const { number } = useWords();
  const headId = useId();
  const bodyId = useId();
  return (
    <section className="settings__section" data-section={id} role="group" aria-labelledby={headId}>
      <h2 id={headId} tabIndex={-1}>
        {onToggle === undefined ? (
          title
        ) : (
          <button
            type="button"
            className="settings__fold"
            aria-expanded={isOpen}
            aria-controls={bodyId}
            data-testid={`settings-${id}`}
            onClick={onToggle}
          >
            <Icon name={isOpen ? 'down' : 'chevron'} />
            {title}
            {count === undefined ? null : <span className="settings__count">{number(count)}</span>}
          </button>
        )}
      </h2>
      {note === '' ? null : <p className="settings__note">{note}</p>}
      <div id={bodyId} hidden={!isOpen}>
        {isOpen ? children : null}
      </div>
    </section>
  );
}

function SettingsFoot({ settings, note }: { readonly settings: readonly SettingView[]; readonly note: string }) {
  const { live, signOut, words } = useServices();
  const { settings: text } = words.text;
  const { canOwnDaemon } = useHost().capabilities;
  const isSignedOut = useLive(({ connection }) => connection.state === 'signed-out');
  return (
    <div className="settings__foot">
      <div className="settings__actions">
        <CopyButton
          what="diagnostics"
          name={text.diagnosticsName}
          label={text.diagnostics}
          kind="outlined"
          text={() => diagnosticsOf(live.getState().model, settings, new Date())}
        />
        {canOwnDaemon ? null : (
          <Button testId="sign-out" disabled={isSignedOut} onClick={() => void signOut()}>
            {text.signOut}
          </Button>
        )}
      </div>
      <p className="settings__note">{[text.diagnosticsNote, note].filter((part) => part !== '').join(' ')}</p>
    </div>
  );
}
