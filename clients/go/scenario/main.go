// Program scenario goes through the service with a simulated WhatsApp, and ends with 1 where something is not as the
// contract says.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

// A scene is what the steps share: a connection of a token for everything, and two instances with phones.
type scene struct {
	options   waprivacy.Options
	phones    simulator
	instances v1.InstanceServiceClient
	privacy   v1.PrivacyServiceClient
	tokens    v1.TokenServiceClient
	desk      linked
	shop      linked
}

// A linked instance; its secret covers this instance and nothing else.
type linked struct{ instance, phoneNumber, secret string }

var steps = []struct {
	told string
	run  func(context.Context, *scene)
}{
	{"lets in who has what it takes", admission},
	{"links phones", linking},
	{"reads, and changes seven settings", sevenSettings},
	{"tells what became of each setting", partialFailure},
	{"tells how far it came in time", deadline},
	{"watches until it is cancelled", watching},
	{"follows the history without a gap", following},
	{"changes many instances, and says which failed", applying},
	{"lists in pages", paging},
	{"says when to call again", rateLimit},
	{"keeps a value that this client has no name for", unknownValues},
	{"is called again by itself", retrying},
}

func main() {
	options := waprivacy.Options{
		Server:   os.Getenv("WA_PRIVACY_SERVER"),
		Token:    os.Getenv("WA_PRIVACY_TOKEN"),
		CAFile:   os.Getenv("WA_PRIVACY_CA_FILE"),
		CertFile: os.Getenv("WA_PRIVACY_CERT_FILE"),
		KeyFile:  os.Getenv("WA_PRIVACY_KEY_FILE"),
	}
	connection := connect(options)
	defer func() { _ = connection.Close() }()
	all := &scene{
		options:   options,
		phones:    simulator{os.Getenv("WA_PRIVACY_SIMULATOR")},
		instances: v1.NewInstanceServiceClient(connection),
		privacy:   v1.NewPrivacyServiceClient(connection),
		tokens:    v1.NewTokenServiceClient(connection),
	}
	for _, step := range steps {
		fmt.Println(step.told)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		step.run(ctx, all)
		cancel()
	}
}

func connect(options waprivacy.Options) *grpc.ClientConn { return must(waprivacy.Connect(options)) }
