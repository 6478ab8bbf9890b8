// Package rabbitmq is the queue on RabbitMQ 3.10 and later, on quorum queues.
//
// # Connections
//
// Publishing and each Consume have a connection of their own, so that the
// broker's flow control of publishers never holds back acknowledgements. A lost
// connection is never used again: the next generation dials, declares the
// queues again and opens a fresh channel. Delivery tags restart with each
// channel, so an acknowledgement is only ever sent on the channel that brought
// its message; when that is gone it is dropped, and the broker delivers the
// message again.
//
// # Queues
//
//	<queue> ──(handled too often, or rejected)──► <queue>.dlx ──► <queue>.dead
//
// Both are quorum queues and every message is persistent. Dead-lettering is at
// least once, which needs overflow "reject-publish". Arguments of a queue
// cannot be changed once it exists: whoever changes them changes the version
// in its name.
//
// RabbitMQ 3.10 can lose its dead-lettering of all queues, and with it the
// queues, when one is deleted within moments of its declaration; it then
// refuses messages until it is restarted. Nothing is lost: Publish fails and
// the job stays in the database.
package rabbitmq
