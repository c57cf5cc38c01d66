package waprivacy

import (
	"context"
	"time"
)

// Retry repeats a call for as long as its error says when to call again. It gives up when that is later than ctx lasts.
// A call that changes something takes the same request_id each time.
func Retry[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for {
		answer, err := call()
		delay := FailureOf(err).RetryDelay
		deadline, limited := ctx.Deadline()
		if err == nil || delay == 0 || limited && time.Until(deadline) < delay {
			return answer, err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return answer, err
		}
	}
}
