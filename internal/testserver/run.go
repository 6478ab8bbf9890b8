package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// Run starts one shared set of servers, runs a command with their addresses in
// its environment, passes it the signals that this process gets, stops the
// servers and returns the command's exit code. A server whose program is
// missing is named on stderr and left out, or is an error under
// VITRINE_TEST_REQUIRE=1.
func Run(ctx context.Context, stderr io.Writer, argv []string) int {
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	if len(argv) == 0 {
		_, _ = fmt.Fprintln(stderr, "usage: run [--] command [argument…]")
		return 2
	}
	env, stop, err := startSet(ctx, stderr)
	defer stop()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return runChild(ctx, stderr, argv, env)
}

// startSet starts every server side by side and returns their variables.
func startSet(ctx context.Context, stderr io.Writer) (env []string, stop func(), err error) {
	all := engines()
	servers, errs := make([]*Server, len(all)), make([]error, len(all))
	var wait sync.WaitGroup
	for i, e := range all {
		if os.Getenv(e.variable) == "" {
			wait.Go(func() { servers[i], errs[i] = e.launch(ctx) })
		}
	}
	wait.Wait()
	for i, e := range all {
		var missing *missingError
		if errors.As(errs[i], &missing) && os.Getenv(requireVariable) != "1" {
			_, _ = fmt.Fprintln(stderr, errs[i])
			errs[i] = nil
		}
		if servers[i] != nil {
			env = append(env, e.variable+"="+servers[i].addr+" "+servers[i].url)
		}
	}
	return env, func() { stopSet(servers) }, errors.Join(errs...)
}

func stopSet(servers []*Server) {
	var wait sync.WaitGroup
	for _, server := range servers {
		if server != nil {
			wait.Go(server.close)
		}
	}
	wait.Wait()
}

func runChild(ctx context.Context, stderr io.Writer, argv, env []string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, stderr
	if err := cmd.Start(); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 127
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its outcome is read from the process state
	}()
	for {
		select {
		case received := <-signals:
			_ = cmd.Process.Signal(received)
		case <-ended:
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				return 128 + int(status.Signal())
			}
			return cmd.ProcessState.ExitCode()
		}
	}
}
