/**
 * A certificate for localhost and 127.0.0.1, signed by itself and good until 2126, with its key: for tests, and worth
 * nothing elsewhere. `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`
 */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUaOqZ3aU/7WvZtXeRASG37NBhUP0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTExNTU0OFoYDzIxMjYxMDI4
MTE1NTQ4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQgDf3NNj/UcvzlGJS39w59+qcH0oGaz+RF/ReVFMUJ0Bi0KHIl2w0q
8kQaugjbeR1d6D3JioEaDY3haUWfzKOso28wbTAdBgNVHQ4EFgQUaLAIRm55x4zd
HgzwMoMrP5L81uowHwYDVR0jBBgwFoAUaLAIRm55x4zdHgzwMoMrP5L81uowDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhANXuFXNScPe/wGaog/MH+qTw917ZrWyKiLfcYg5+KVTeAiEA
0tpjM1F5BJRIs1MOBfvodbn9NPEjmLTA5O94FlCqnaA=
-----END CERTIFICATE-----
`

export const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgatnWg+TRHvV72JJm
XYSPu0YxG2yvXLVVIfEqaoelSPuhRANCAAQgDf3NNj/UcvzlGJS39w59+qcH0oGa
z+RF/ReVFMUJ0Bi0KHIl2w0q8kQaugjbeR1d6D3JioEaDY3haUWfzKOs
-----END PRIVATE KEY-----
`
