package webhook

import (
	"context"
	"time"
)

// attempt makes one request, if its turn comes in time.
func (r *Runner) attempt(sending, taking context.Context, l *lease, c Claim, d Delivery, slow bool) attempt {
	if slow { // of all slots some are left to those who answer soon
		if !r.slow.take(taking) {
			return attempt{delivery: d}
		}
		defer r.slow.give()
	}
	if !r.total.take(taking) {
		return attempt{delivery: d}
	}
	defer r.total.give()
	secrets, err := r.secrets(c)
	if err != nil {
		r.Log.ErrorContext(sending, "webhook: nothing can be signed for it", "webhook", c.ID, "user", c.UserID, "error", err)
		return attempt{delivery: d, answer: Answer{Failure: "The secret of the webhook cannot be read: rotate it."}, made: true}
	}
	// The process that takes the lease up begins after this request has ended.
	if l.left() <= r.cfg.Timeout {
		return attempt{delivery: d}
	}
	ctx, cancel := context.WithTimeout(sending, r.cfg.Timeout)
	defer cancel()
	now := time.Now()
	answer := r.Sender.Send(ctx, Request{URL: c.URL, ID: d.MessageID, At: now, Signature: Sign(d.MessageID, now, d.Body, secrets...), Body: d.Body})
	if sending.Err() != nil && !answer.Delivered() { // it was cut off
		return attempt{delivery: d}
	}
	answer.Duration = time.Since(now)
	return attempt{delivery: d, answer: answer, made: true}
}

// secrets returns those that requests are signed with, the present one first.
func (r *Runner) secrets(c Claim) ([]Secret, error) {
	s, err := r.Box.Open(c.Secret, c.UserID)
	if err != nil {
		return nil, err
	}
	secrets := []Secret{s}
	if c.OldSecret != "" {
		if old, err := r.Box.Open(c.OldSecret, c.UserID); err == nil {
			secrets = append(secrets, old)
		}
	}
	return secrets, nil
}
