package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

type queueCommand struct {
	apiFlag

	JSON    bool          `help:"The answer of the API." name:"json"`
	History time.Duration `help:"What has happened since so long ago, in whole minutes up to 24h, instead of what waits now." placeholder:"6h"`
}

// Run prints the queue as it is now, or what has happened.
func (c queueCommand) Run(ctx context.Context, program Program, to Streams) error {
	if c.History != 0 && (c.History < time.Minute || c.History > day || c.History%time.Minute != 0) {
		return Usage(errors.New("--history must be whole minutes, from 1m to 24h"))
	}
	api, err := c.client(program)
	if err != nil {
		return err
	}
	var write func(*tabwriter.Writer)
	var raw json.RawMessage
	if c.History != 0 {
		var history wire.QueueHistory
		history, raw, err = api.QueueHistory(ctx, int(c.History/time.Minute))
		write = func(w *tabwriter.Writer) { writeHistory(w, history) }
	} else {
		var queue wire.Queue
		queue, raw, err = api.Queue(ctx)
		write = func(w *tabwriter.Writer) { writeQueue(w, queue) }
	}
	if err != nil {
		return err
	}
	if c.JSON {
		_, err = fmt.Fprintf(to.Out, "%s\n", strings.TrimSpace(string(raw)))
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	write(table)
	return table.Flush()
}

// writeHistory writes a line for each point. Errors are kept by the writer.
func writeHistory(w *tabwriter.Writer, h wire.QueueHistory) {
	fmt.Fprint(w, "BEGAN\tREADY\tRETRIED\tFAILED\tIN\tOUT\tWAITING\tWAITED\tIN FLIGHT\n")
	for _, p := range h.Points {
		waiting, waited, inFlight := "-", "-", "-"
		if b := p.Backlog; b != nil {
			waiting, waited, inFlight = atLeast(b.Waiting, b.More), duration(time.Duration(b.OldestSeconds)*time.Second), count(int64(b.InFlight))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.At.Format(time.RFC3339), count(p.Ready), count(p.Retried), count(p.Failed),
			memory(p.BytesIn), memory(p.BytesOut), waiting, waited, inFlight)
	}
}

// columnGap is how many spaces are between two columns.
const columnGap = 2

// writeQueue writes the tables of the queue. Errors are kept by the writer.
func writeQueue(w *tabwriter.Writer, q wire.Queue) {
	fmt.Fprintf(w, "%s in flight, %s slots, %.1f attempts a second in the last minute\n\n",
		count(int64(q.InFlight)), count(int64(q.Slots)), q.PerSecond)
	fmt.Fprint(w, "STATE\tWAITS FOR\tIMAGES\tWAITED\n")
	for _, s := range q.States {
		waited := "-"
		if s.WaitedMS != nil {
			waited = duration(time.Duration(*s.WaitedMS) * time.Millisecond)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", strings.ReplaceAll(s.State, "_", " "), orDash(s.WaitingFor), atLeast(s.Images, s.More), waited)
	}
	if len(q.Users) > 0 {
		fmt.Fprint(w, "\nUSER\tIN FLIGHT\tWAITING\n")
	}
	for _, u := range q.Users {
		fmt.Fprintf(w, "%d\t%s\t%s\n", u.UserID, count(int64(u.InFlight)), atLeast(u.Waiting, u.More))
	}
	writeTurns(w, q)
	writeBusyHosts(w, q.Hosts)
	writeProcesses(w, "PROCESS", q.Processes, q.AsOf)
	writeProcesses(w, "STOPPED ANSWERING", q.Lost, q.AsOf)
}

func writeProcesses(w *tabwriter.Writer, title string, list []wire.QueueProcess, now time.Time) {
	if len(list) > 0 {
		fmt.Fprint(w, "\n"+title+"\tROLE\tVERSION\tUP\tIN FLIGHT\tSLOTS\tRENDERS\tPIXELS\tMEMORY\tHEARTBEAT\n")
	}
	for _, p := range list {
		state := ""
		if p.Draining {
			state = ", draining"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s ago%s\n", oneLine(p.ID), p.Role, oneLine(p.Version), duration(p.HeartbeatAt.Sub(p.StartedAt)),
			count(int64(p.InFlight)), count(int64(p.Slots)), p.Renders, pixels(p), memory(p.Memory), duration(now.Sub(p.HeartbeatAt)), state)
	}
}

// pixels is how much of its budget a process uses.
func pixels(p wire.QueueProcess) string {
	if p.PixelBudget == 0 {
		return "-"
	}
	return strconv.FormatInt(100*p.PixelsUsed/p.PixelBudget, 10) + " %"
}

// memory is a number of bytes in mebibytes, rounded down; 0 stands for none, or for what is not known.
func memory(n int64) string {
	if n == 0 {
		return "-"
	}
	return count(n>>20) + " MiB"
}
