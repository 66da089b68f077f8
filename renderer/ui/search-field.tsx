import './search-field.css';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useWords } from '../state/services.ts';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';

export interface SearchFieldProps {
  readonly testId: string;
  readonly label: string;
  readonly value: string;
  /** Called when the person has stopped typing, with the text as it is, or at once with Enter. */
  readonly onChange: (value: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  /** Shown at its end while there is text: how many were found, say. */
  readonly children?: ReactNode;
}

const settleMs = 200;

/** The field of the key `/`. Esc empties it, then leaves it. */
export function SearchField({ testId, label, value, onChange, onKeyDown, children }: SearchFieldProps) {
  const { text } = useWords();
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  // What comes from outside (Back, Clear) is shown; what is being typed is not taken away.
  if (value !== known) {
    setKnown(value);
    if (value !== typed.trim()) setTyped(value);
  }

  function change(next: string, isNow: boolean): void {
    setTyped(next);
    clearTimeout(timer.current);
    if (isNow) onChange(next.trim());
    else timer.current = setTimeout(() => onChange(next.trim()), settleMs);
  }

  return (
    <div className="search-field" data-state={typed === '' ? 'empty' : 'typed'}>
      <Icon name="search" />
      <input
        ref={field}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={label}
        data-testid={testId}
        data-find
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => change(event.target.value, false)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && typed !== '') {
            event.preventDefault();
            change('', true);
          } else if (event.key === 'Enter' && typed.trim() !== value) change(typed, true);
          onKeyDown?.(event);
        }}
      />
      {typed === '' ? null : (
        <span className="search-field__end">
          {children}
          <IconButton
            icon="close"
            label={text.common.clear}
            onClick={() => {
              change('', true);
              field.current?.focus();
            }}
          />
        </span>
      )}
    </div>
  );
}
