import './nav.css';
import { useWords } from '../state/services.ts';
import { Icon } from '../ui/icons.tsx';
import type { Screen } from './screen.ts';

/** The screens: a bar below in the small layout, a rail in the wide one. */
export function Nav({
  screens,
  current,
  isRail,
}: {
  readonly screens: readonly Screen[];
  readonly current: Screen | undefined;
  readonly isRail: boolean;
}) {
  const { text } = useWords();
  const items = navScreens(screens, isRail);
  // What the small layout has no item for belongs to its parent, or to the overview.
  const under =
    items.find(({ id }) => id === (current?.under ?? current?.id)) ??
    items.find(({ pattern }) => `#${pattern}` === current?.parent) ??
    (current === undefined ? undefined : items[0]);
  return (
    <nav className={isRail ? 'nav nav--rail' : 'nav'} aria-label={text.shell.navigation}>
      {isRail ? (
        <p className="nav__brand">
          <Icon name="mark" />
          {text.common.productShortName}
        </p>
      ) : null}
      {items.map(({ id, pattern, nav }) => (
        <a
          key={id}
          href={`#${pattern.replace(/\/:.*$/, '')}`}
          className="nav__item"
          aria-current={id === under?.id ? 'page' : undefined}
          data-testid={`nav-${id}`}
        >
          <Icon name={nav.icon} />
          <span className="nav__label">{nav.label(text)}</span>
        </a>
      ))}
    </nav>
  );
}

/** In the order of the keys 1 to 9. */
export function navScreens(screens: readonly Screen[], isRail: boolean) {
  return screens.flatMap((screen) =>
    screen.nav === undefined || (screen.nav.isWideOnly === true && !isRail) ? [] : [{ ...screen, nav: screen.nav }],
  );
}
