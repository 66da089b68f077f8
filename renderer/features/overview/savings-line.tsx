import { useModel, useTicking, useWords } from '../../state/services.ts';

/** What sharing servers has saved. Only when it was measured and is more than nothing. */
export function SavingsLine() {
  const words = useWords();
  const savings = useModel((model) => model.savings);
  const measuredAt = savings?.measuredAt ?? 0;
  const ago = useTicking((now) => words.ago(now - measuredAt));
  if (savings === undefined || savings === null || savings.processes < 1) return null;
  const { overview } = words.text;
  return (
    <p
      className="overview__savings"
      data-testid="savings"
      title={words.plural(overview.savingsDetail, savings.sharedUpstreams, { ago })}
    >
      {words.plural(overview.savings, savings.processes, { memory: words.bytes(savings.memoryBytes) })}
    </p>
  );
}
