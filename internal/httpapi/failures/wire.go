package failures

import (
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/wire"
)

func wireLetter(l failures.Item) wire.DeadLetter {
	w := wire.DeadLetter{
		ID: l.ID.String(), Kind: string(l.ID.Kind), FailedAt: l.FailedAt,
		Reason: wire.Reason{Code: string(l.Reason), Detail: l.Detail, Retryable: l.Retryable()},
	}
	if l.ID.Kind == failures.KindMessage {
		w.Kind = string(failures.Unreadable)
		w.MessageID, w.Bytes, w.Preview, w.ReceivedAt = l.MessageID, &l.Bytes, l.Preview, &l.FailedAt
		return w
	}
	w.ImageID, w.ProductID, w.UserID = l.ID.N, l.ProductID, l.UserID
	w.SourceURL, w.Host, w.Attempts, w.RequestID = l.SourceURL, l.Host, l.Attempts, l.RequestID
	return w
}
