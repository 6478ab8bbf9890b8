package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// writeTurns writes whose images go next, and when the next retry is. Errors are kept by the writer.
func writeTurns(w *tabwriter.Writer, q wire.Queue) {
	for _, s := range q.States {
		if s.State == "later" && s.DueAt != nil {
			fmt.Fprintf(w, "\nThe next retry is in %s.\n", duration(s.DueAt.Sub(q.AsOf)))
		}
	}
	if len(q.Turns) > 0 {
		fmt.Fprint(w, "\nPLACE\tUSER\tLINE\tIMAGES\tFIRST DONE IN\tLAST DONE IN\n")
	}
	expected := func(at *time.Time) string {
		if at == nil {
			return "not known"
		}
		return duration(at.Sub(q.AsOf))
	}
	for _, t := range q.Turns {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", count(int64(t.Place)), t.UserID, strings.ReplaceAll(t.Line, "_", " "), atLeast(t.Images, t.More),
			expected(t.FirstAt), expected(t.LastAt))
	}
}

// writeBusyHosts writes the hosts that most images wait for. Errors are kept by the writer.
func writeBusyHosts(w *tabwriter.Writer, hosts []wire.Host) {
	if len(hosts) > 0 {
		fmt.Fprint(w, "\nHOST\tSTATE\tIN FLIGHT\tLIMIT\tPARKED\n")
	}
	for _, h := range hosts {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", oneLine(h.Host), h.State, h.InFlight, h.Limit, atLeast(h.Parked, h.ParkedMore))
	}
}
