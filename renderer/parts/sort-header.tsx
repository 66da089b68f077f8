import './sort-header.css';
import { useWords } from '../state/services.ts';

export interface SortOrder<Column extends string> {
  readonly column: Column;
  readonly direction: 'ascending' | 'descending';
}

export interface SortHeaderProps<Column extends string> {
  readonly column: Column;
  readonly label: string;
  readonly sort: SortOrder<Column> | undefined;
  readonly onSort: (column: Column) => void;
  readonly className?: string;
}

/** Head of a column that sorts its table. */
export function SortHeader<Column extends string>({
  column,
  label,
  sort,
  onSort,
  className = '',
}: SortHeaderProps<Column>) {
  const { text, fill } = useWords();
  const direction = sort?.column === column ? sort.direction : 'none';
  return (
    <span role="columnheader" aria-sort={direction} className={className}>
      <button
        type="button"
        className="sort-header"
        title={fill(text.overview.sortBy, { column: label })}
        onClick={() => onSort(column)}
      >
        {label}
        <svg
          className={`sort-header__arrow sort-header__arrow--${direction}`}
          viewBox="0 0 8 8"
          width="8"
          height="8"
          aria-hidden="true"
        >
          <path d="M4 1.5 7.5 6.5H.5z" fill="currentColor" />
        </svg>
      </button>
    </span>
  );
}
