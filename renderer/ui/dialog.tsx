import './dialog.css';
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { Button, type ButtonKind } from './button.tsx';

export interface DialogChoice {
  /** Test id `dialog-<id>`. */
  readonly id: string;
  readonly label: string;
  readonly kind: ButtonKind;
  readonly run: () => void;
}

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** The first is the harmless one: it has the focus. */
  readonly choices: readonly DialogChoice[];
  /** Esc. */
  readonly onCancel: () => void;
  /** It asks before something that hurts others; else it only shows. */
  readonly isQuestion?: boolean;
}

/** A window over the page. The focus stays inside and goes back to its opener. */
export function Dialog({ title, children, choices, onCancel, isQuestion = true }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const bodyId = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('.dialog__choices button')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className="dialog"
      role={isQuestion ? 'alertdialog' : 'dialog'}
      aria-labelledby={titleId}
      aria-describedby={bodyId}
      data-testid="dialog"
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      <div id={bodyId} className="dialog__body">
        {children}
      </div>
      <div className="dialog__choices">
        {choices.map(({ id, label, kind, run }) => (
          <Button key={id} kind={kind} testId={`dialog-${id}`} onClick={run}>
            {label}
          </Button>
        ))}
      </div>
    </dialog>
  );
}
