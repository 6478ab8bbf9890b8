package config

import (
	"errors"
	"net"
)

// Address is where a process listens.
type Address struct{ Host, Port string }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Address) UnmarshalText(text []byte) (err error) {
	if a.Host, a.Port, err = net.SplitHostPort(string(text)); err != nil {
		return errors.New("must be host:port, such as 127.0.0.1:8080")
	}
	return nil
}

// AdminAddress is an Address, or none.
type AdminAddress struct {
	Address

	Off bool
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *AdminAddress) UnmarshalText(text []byte) error {
	if a.Off = string(text) == "off"; a.Off {
		return nil
	}
	if a.Address.UnmarshalText(text) != nil {
		return errors.New("must be host:port, such as 127.0.0.1:9090, or off")
	}
	return nil
}

func (a Address) String() string { return net.JoinHostPort(a.Host, a.Port) }
