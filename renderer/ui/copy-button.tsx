import './copy-button.css';
import { useEffect, useRef, useState } from 'react';
import { useHost, useServices, useWords } from '../state/services.ts';
import { Button, type ButtonKind, IconButton } from './button.tsx';
import { Icon } from './icons.tsx';

export interface CopyButtonProps {
  /** Test id `copy-<what>`. */
  readonly what: string;
  /** What is copied, for people: "session id". */
  readonly name: string;
  /** A function is asked at the click. What it promises is a secret: fetched then and never kept or shown. */
  readonly text: string | (() => string) | (() => Promise<string>);
  /** The host takes it off the clipboard again. */
  readonly clearAfterMs?: number;
  /** Words on the button; without them it is an icon. */
  readonly label?: string;
  readonly kind?: ButtonKind;
  readonly testId?: string;
  readonly tabIndex?: number;
  readonly isDisabled?: boolean;
}

type Shown = 'ready' | 'copied' | 'clear-hint' | 'select' | 'failed';

const shownMs = 2_000;
/** A sentence takes longer to read than a word. */
const sentenceMs = 6_000;

/** Copies, and says "Copied" for two seconds in its own place. */
export function CopyButton(props: CopyButtonProps) {
  const { what, name, text, clearAfterMs, label, kind = 'plain', tabIndex, isDisabled = false } = props;
  const host = useHost();
  const { notices } = useServices();
  const { text: words, fill } = useWords();
  const [shown, setShown] = useState<Shown>('ready');
  const [toSelect, setToSelect] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function show(next: Shown): void {
    clearTimeout(timer.current);
    setShown(next);
    if (next === 'select') return; // It stays until the person has selected and left.
    timer.current = setTimeout(() => setShown('ready'), next === 'copied' ? shownMs : sentenceMs);
  }

  async function copy(): Promise<void> {
    const content = typeof text === 'string' ? text : text();
    const options = clearAfterMs === undefined ? undefined : { clearAfterMs };
    const outcome = await host.copyText(content, options);
    if (outcome.state === 'failed') {
      if (typeof content !== 'string') return show('failed');
      setToSelect(content);
      return show('select');
    }
    notices.getState().speak(words.common.copied);
    show(clearAfterMs !== undefined && !outcome.isCleared ? 'clear-hint' : 'copied');
  }

  const common = {
    testId: props.testId ?? `copy-${what}`,
    onClick: () => void copy(),
    disabled: isDisabled,
    'data-state': shown,
    ...(tabIndex === undefined ? {} : { tabIndex }),
  };
  const isCopied = shown === 'copied' || shown === 'clear-hint';
  return (
    <span className="copy">
      {label === undefined ? (
        <IconButton
          {...common}
          icon={isCopied ? 'check' : 'copy'}
          label={isCopied ? words.common.copied : fill(words.common.copy, { what: name })}
        />
      ) : (
        <Button {...common} kind={kind} icon={isCopied ? 'check' : 'copy'}>
          {/* Both words lie on top of each other, so the button keeps its width. */}
          <span className="copy__words">
            <span aria-hidden={isCopied}>{label}</span>
            <span aria-hidden={!isCopied}>{words.common.copied}</span>
          </span>
        </Button>
      )}
      {label === undefined && isCopied ? <span className="copy__bubble">{words.common.copied}</span> : null}
      {shown === 'clear-hint' ? (
        <span className="copy__hint">
          <Icon name="info" />
          {words.common.clearClipboardHint}
        </span>
      ) : null}
      {shown === 'failed' ? (
        <span className="copy__hint copy__hint--failed">{words.common.copyTokenFailed}</span>
      ) : null}
      {shown === 'select' ? (
        <span className="copy__select">
          <span className="copy__hint">{words.common.copyFailed}</span>
          <textarea
            readOnly
            aria-label={name}
            value={toSelect}
            rows={toSelect.split('\n').length > 1 ? 6 : 1}
            ref={(field) => field?.select()}
            onBlur={() => setShown('ready')}
          />
        </span>
      ) : null}
    </span>
  );
}
