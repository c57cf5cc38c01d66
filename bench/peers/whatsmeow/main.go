// The seed's way over whatsmeow: settings set one after another, then what the library has in memory. It is what the
// bench holds the service against; whatsmeow itself is used as it is.
package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	_ "github.com/mattn/go-sqlite3"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
)

const usage = `whatsmeow-peer store FILE              puts the devices that come as JSON on standard input into a database
whatsmeow-peer serve FILE URL ROOT_KEY logs all of them in to the WhatsApp there, and serves them over HTTP`

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "store":
		// Nothing is lost when the machine goes down in the middle: the bench begins anew.
		devices, err := open(ctx, args[1], "&_synchronous=OFF")
		if err != nil {
			return err
		}
		defer devices.Close()
		return storeDevices(ctx, devices, os.Stdin)
	case len(args) == 4 && args[0] == "serve":
		devices, err := open(ctx, args[1], "")
		if err != nil {
			return err
		}
		return serve(ctx, devices, args[2], args[3])
	}
	return errors.New(usage)
}

func open(ctx context.Context, file string, options string) (*sqlstore.Container, error) {
	source := fmt.Sprintf("file:%s?_foreign_keys=on&_journal_mode=WAL&_busy_timeout=10000%s", file, options)
	db, err := sql.Open("sqlite3", source)
	if err != nil {
		return nil, err
	}
	container := sqlstore.NewWithDB(db, "sqlite3", nil)
	return container, container.Upgrade(ctx)
}

func storeDevices(ctx context.Context, container *sqlstore.Container, input *os.File) error {
	var devices []linkedDevice
	if err := json.NewDecoder(input).Decode(&devices); err != nil {
		return err
	}
	for _, device := range devices {
		if err := device.storeIn(ctx, container); err != nil {
			return err
		}
	}
	return nil
}

// Says on standard output where it listens, then `open` for each account that is logged in.
func serve(ctx context.Context, container *sqlstore.Container, url string, rootKey string) error {
	key, err := hex.DecodeString(rootKey)
	if err != nil || len(key) != len(whatsmeow.WACertPubKey) {
		return errors.New("the root key is 32 bytes in hexadecimal")
	}
	whatsmeow.WACertPubKey = [32]byte(key)
	devices, err := container.GetAllDevices(ctx)
	if err != nil {
		return err
	}
	accounts, err := accountsOf(devices, url, func() { fmt.Println("open") })
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go accounts.connect(ctx)
	return http.Serve(listener, accounts.routes())
}
