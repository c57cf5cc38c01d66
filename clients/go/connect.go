// Package waprivacy is what a Go program needs beside the generated code: a connection, and the details of an error.
package waprivacy

//go:generate ../../node_modules/.bin/buf generate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // Lets healthCheckConfig of a service config take effect.
)

// Options tell which service to connect to, and as whom.
type Options struct {
	// HOST:PORT.
	Server string
	// Sent with every call; none when empty.
	Token string
	// The CA (PEM) that signed the service's certificate; plaintext without.
	CAFile string
	// Certificate and key (PEM) of the caller, for mutual TLS.
	CertFile, KeyFile string
	// A gRPC service config in JSON.
	ServiceConfig string
}

// Connect returns a connection that generated clients take. It dials with the first call.
func Connect(options Options) (*grpc.ClientConn, error) {
	transport, err := options.transport()
	if err != nil {
		return nil, err
	}
	dial := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if options.Token != "" {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{options.Token, options.CAFile != ""}))
	}
	if options.ServiceConfig != "" {
		dial = append(dial, grpc.WithDefaultServiceConfig(options.ServiceConfig))
	}
	return grpc.NewClient(options.Server, dial...)
}

func (options Options) transport() (credentials.TransportCredentials, error) {
	if options.CAFile == "" {
		return insecure.NewCredentials(), nil
	}
	pem, err := os.ReadFile(options.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", options.CAFile)
	}
	config := &tls.Config{RootCAs: roots}
	if options.CertFile != "" {
		own, err := tls.LoadX509KeyPair(options.CertFile, options.KeyFile)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return credentials.NewTLS(config), nil
}

type bearer struct {
	token    string
	needsTLS bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

// RequireTransportSecurity keeps a token that was meant for TLS off a plaintext connection.
func (b bearer) RequireTransportSecurity() bool { return b.needsTLS }
