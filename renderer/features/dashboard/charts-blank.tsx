import './dashboard-charts.css';

/** The room that bar and charts will take: what stands below does not move when they come. */
export function ChartsBlank() {
  return (
    <div aria-busy="true">
      <div className="charts__bar" />
      <BlankGrid />
    </div>
  );
}

/** The room of the four charts. */
export function BlankGrid() {
  return (
    <div className="charts__grid">
      {Array.from({ length: 4 }, (_, index) => (
        <div key={index} className="charts__blank" />
      ))}
    </div>
  );
}
