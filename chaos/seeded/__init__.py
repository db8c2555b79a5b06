"""Put on the path of a gateway that is to have a fault; never part of the product."""
