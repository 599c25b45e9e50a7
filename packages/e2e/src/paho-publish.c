/*
 * Publishes each line of standard input, "topic payload", and waits until all are delivered as their QoS says.
 *
 *     paho-publish URI QOS CA_FILE      URI is tcp:// or ssl://; CA_FILE may be empty
 */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 65536
#define PUBLISHES_MAX 1000
#define DELIVERY_MS_MAX 30000

static void check(int code, const char *what)
{
    if (code == MQTTCLIENT_SUCCESS)
        return;
    fprintf(stderr, "%s: %d\n", what, code);
    exit(1);
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES_MAX];
    static MQTTClient_deliveryToken tokens[PUBLISHES_MAX];
    int published = 0;
    MQTTClient client;
    MQTTClient_connectOptions connect = MQTTClient_connectOptions_initializer;
    MQTTClient_SSLOptions ssl = MQTTClient_SSLOptions_initializer;

    if (argc != 4)
        return 2;
    /* Several in flight. */
    connect.reliable = 0;
    if (argv[3][0] != '\0') {
        ssl.trustStore = argv[3];
        ssl.verify = 1;
        connect.ssl = &ssl;
    }
    check(MQTTClient_create(&client, argv[1], "paho-c", MQTTCLIENT_PERSISTENCE_NONE, NULL), "create");
    check(MQTTClient_connect(client, &connect), "connect");
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *payload = strchr(line, ' ');

        if (payload == NULL || published == PUBLISHES_MAX)
            return 2;
        *payload++ = '\0';
        payload[strcspn(payload, "\n")] = '\0';
        check(MQTTClient_publish(client, line, strlen(payload), payload, atoi(argv[2]), 0, &tokens[published++]),
              "publish");
    }
    for (int i = 0; i < published; i++)
        check(MQTTClient_waitForCompletion(client, tokens[i], DELIVERY_MS_MAX), "delivery");
    check(MQTTClient_disconnect(client, 1000), "disconnect");
    MQTTClient_destroy(&client);
    return 0;
}
