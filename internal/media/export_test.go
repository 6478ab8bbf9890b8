package media

// ReportEvery is how often a worker writes what has waited.
const ReportEvery = reportEvery
