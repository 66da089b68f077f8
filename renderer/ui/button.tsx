import './button.css';
import type { ComponentPropsWithRef, ReactNode } from 'react';
import { Icon, type IconName } from './icons.tsx';

/** `filled` once per screen, for the next sensible thing; `danger` where it hurts others. */
export type ButtonKind = 'filled' | 'outlined' | 'plain' | 'danger';

interface Look {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  readonly testId?: string;
}

type ButtonProps = Look &
  Omit<ComponentPropsWithRef<'button'>, 'type' | 'className'> & { readonly children: ReactNode };

export function Button({ kind = 'plain', icon, testId, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button button--${kind}`} data-testid={testId} {...rest}>
      {icon === undefined ? null : <Icon name={icon} />}
      <span className="button__label">{children}</span>
    </button>
  );
}

type IconButtonProps = Omit<ButtonProps, 'children' | 'kind' | 'aria-label'> & {
  readonly icon: IconName;
  readonly label: string;
};

/** A button that is only an icon; `label` is its name and its tooltip. */
export function IconButton({ icon, label, testId, ...rest }: IconButtonProps) {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} data-testid={testId} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

type LinkProps = Look &
  Omit<ComponentPropsWithRef<'a'>, 'className'> & { readonly href: string; readonly children: ReactNode };

/** Goes somewhere; looks like a button or, plain, like an action in text. `isOnward` adds the › of drill-down. */
export function ButtonLink({
  kind = 'plain',
  icon,
  testId,
  isOnward = false,
  children,
  ...rest
}: LinkProps & { readonly isOnward?: boolean }) {
  return (
    <a className={`button button--${kind}`} data-testid={testId} {...rest}>
      {icon === undefined ? null : <Icon name={icon} />}
      <span className="button__label">{children}</span>
      {isOnward ? <Icon name="chevron" /> : null}
    </a>
  );
}
