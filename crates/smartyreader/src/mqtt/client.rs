//! Client: MQTT 3.1.1 and 5 behind one front. The two libraries are siblings with types of their own.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use rumqttc_v4 as v4;
use rumqttc_v5 as v5;

use super::refusal::Why;
use super::stream::Dial;
use super::{Identity, Message, WINDOW};
use crate::config::{Address, Mqtt, Qos, Version};

/// Larger messages are refused by us, incoming ones too: a telegram has 2 KB, a discovery message 30.
const LONGEST: usize = 256 * 1024;
/// What is published and not yet taken by the connection.
const QUEUE: usize = 1024;

/// Sends. Cheap to clone.
#[derive(Clone)]
pub enum Client {
    /// MQTT 3.1.1.
    V4(v4::AsyncClient),
    /// MQTT 5.
    V5(v5::AsyncClient),
}

/// Resolves when the broker has taken a message (`AtMostOnce`: when it was sent), or says why not.
pub type Receipt = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The client's loop.
pub(super) enum Loop {
    V4(Box<v4::EventLoop>),
    V5(Box<v5::EventLoop>),
}

/// What came out of a step of the loop.
pub(super) enum Incoming {
    Nothing,
    Up,
    Message { topic: String, payload: Vec<u8>, retained: bool },
}

/// Why a step failed.
pub(super) enum End {
    /// We said goodbye.
    Closed,
    Refused(Why),
}

/// The client and its loop for a broker.
pub(super) fn build(settings: &Mqtt, address: &Address, identity: Identity) -> Result<(Client, Loop), String> {
    let dial = Dial::new(settings, address)?;
    let login = match (&settings.user, settings.password().fetch()) {
        (_, Err(problem)) => return Err(format!("the password: {problem}")),
        (None, Ok(Some(_))) => return Err("a password needs `user`".into()),
        (None, Ok(None)) => None,
        (Some(user), Ok(password)) => {
            let password = password.map(|(_, text)| text.trim_end_matches(['\r', '\n']).to_string());
            Some((user.clone(), password))
        }
    };
    let keep_alive = u16::try_from(settings.keep_alive.0.as_secs()).unwrap_or(u16::MAX).max(5);
    // The client asks for its stream by our own dialling, so the scheme only says how MQTT is framed.
    let websocket = address.websocket.then(|| format!("ws://{address}{}", address.path));
    match settings.version {
        Version::V3 => {
            let broker = match websocket {
                Some(url) => v4::Broker::websocket(url).map_err(|error| error.to_string())?,
                None => v4::Broker::tcp(address.host.clone(), address.port),
            };
            let mut options = v4::MqttOptions::new(identity.client_id, broker);
            options
                .set_keep_alive(keep_alive)
                .set_max_packet_size(LONGEST, LONGEST)
                .set_clean_session(!identity.persistent)
                .set_inflight(WINDOW as u16)
                .set_socket_connector(move |_, _| connect(dial.clone()));
            if let Some((user, password)) = login {
                match password {
                    Some(password) => options.set_credentials(user, password),
                    None => options.set_username(user),
                };
            }
            if let Some(will) = identity.will {
                let qos = qos_v4(will.qos);
                options.set_last_will(v4::LastWill::new(will.topic, will.payload, qos, will.retain));
            }
            let built = v4::AsyncClient::builder(options).capacity(QUEUE).try_build();
            let (client, events) = built.map_err(|error| error.to_string())?;
            Ok((Client::V4(client), Loop::V4(Box::new(events))))
        }
        Version::V5 => {
            let broker = match websocket {
                Some(url) => v5::Broker::websocket(url).map_err(|error| error.to_string())?,
                None => v5::Broker::tcp(address.host.clone(), address.port),
            };
            let mut options = v5::MqttOptions::new(identity.client_id, broker);
            let mode = if identity.persistent { v5::SessionMode::Persistent } else { v5::SessionMode::Clean };
            options
                .set_keep_alive(keep_alive)
                .set_session_mode(mode)
                .set_max_packet_size(Some(LONGEST as u32))
                .set_broker_session_resume_policy(v5::BrokerSessionResumePolicy::AllowBrokerOnly)
                .set_outgoing_inflight_upper_limit(WINDOW as u16)
                .set_socket_connector(move |_, _| connect(dial.clone()));
            if let Some((user, password)) = login {
                match password {
                    Some(password) => options.set_credentials(user, password),
                    None => options.set_username(user),
                };
            }
            if let Some(will) = identity.will {
                let qos = qos_v5(will.qos);
                options.set_last_will(v5::LastWill::new(will.topic, will.payload, qos, will.retain, None));
            }
            let built = v5::AsyncClient::builder(options).capacity(QUEUE).try_build();
            let (client, events) = built.map_err(|error| error.to_string())?;
            Ok((Client::V5(client), Loop::V5(Box::new(events))))
        }
    }
}

async fn connect(dial: Dial) -> std::io::Result<Pin<Box<dyn super::stream::Wire>>> {
    dial.connect().await
}

impl Client {
    /// Hands a message to the connection. `None` when too many wait there already.
    pub fn publish(&self, message: Message) -> Option<Receipt> {
        let Message { topic, payload, qos, retain } = message;
        match self {
            Self::V4(client) => {
                let options = v4::PublishOptions::new(qos_v4(qos)).retain(retain);
                let notice = client.try_publish_tracked(topic, payload, options).ok()?;
                Some(Box::pin(async { notice.wait_completion_async().await.map_err(|error| error.to_string()) }))
            }
            Self::V5(client) => {
                let options = v5::PublishOptions::new(qos_v5(qos)).retain(retain);
                let notice = client.try_publish_tracked(topic, payload, options).ok()?;
                Some(Box::pin(async { notice.wait_completion_async().await.map_err(|error| error.to_string()) }))
            }
        }
    }

    /// Listens to a filter. False when too many requests wait already.
    pub fn subscribe(&self, filter: &str, qos: Qos) -> bool {
        match self {
            Self::V4(client) => client.try_subscribe(filter, qos_v4(qos)).is_ok(),
            Self::V5(client) => client.try_subscribe(filter, qos_v5(qos)).is_ok(),
        }
    }

    /// Says goodbye once what is on its way has been taken. False when nothing can be said any more.
    pub(super) fn disconnect(&self, patience: Duration) -> bool {
        match self {
            Self::V4(client) => client.try_disconnect_with_timeout(patience).is_ok(),
            Self::V5(client) => client.try_disconnect_with_timeout(patience).is_ok(),
        }
    }
}

impl Loop {
    /// One step. Not to be dropped before it is done.
    pub(super) async fn step(&mut self) -> Result<Incoming, End> {
        match self {
            Self::V4(events) => match events.poll().await {
                Ok(v4::Event::Incoming(v4::Packet::ConnAck(_))) => Ok(Incoming::Up),
                Ok(v4::Event::Incoming(v4::Packet::Publish(publish))) => Ok(Incoming::Message {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload.to_vec(),
                    retained: publish.retain,
                }),
                Ok(_) => Ok(Incoming::Nothing),
                Err(v4::ConnectionError::RequestsDone) => Err(End::Closed),
                Err(v4::ConnectionError::NetworkTimeout | v4::ConnectionError::FlushTimeout) => {
                    Err(End::Refused(Why::Network("no answer".into())))
                }
                Err(v4::ConnectionError::ConnectionRefused(code)) => Err(End::Refused(match code {
                    v4::ConnectReturnCode::BadUserNamePassword | v4::ConnectReturnCode::NotAuthorized => Why::Login,
                    code => Why::Broker(format!("the broker refuses: {code:?}")),
                })),
                Err(error) => Err(End::Refused(Why::of(&error))),
            },
            Self::V5(events) => match events.poll().await {
                Ok(v5::Event::Incoming(v5::Packet::ConnAck(_))) => Ok(Incoming::Up),
                Ok(v5::Event::Incoming(v5::Packet::Publish(publish))) => Ok(Incoming::Message {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload.to_vec(),
                    retained: publish.retain,
                }),
                Ok(_) => Ok(Incoming::Nothing),
                Err(v5::ConnectionError::RequestsDone) => Err(End::Closed),
                Err(v5::ConnectionError::Timeout(_)) => Err(End::Refused(Why::Network("no answer".into()))),
                Err(v5::ConnectionError::ConnectionRefused(code)) => Err(End::Refused(match code {
                    v5::ConnectReturnCode::BadUserNamePassword | v5::ConnectReturnCode::NotAuthorized => Why::Login,
                    code => Why::Broker(format!("the broker refuses: {code:?}")),
                })),
                Err(error) => Err(End::Refused(Why::of(&error))),
            },
        }
    }
}

const fn qos_v4(qos: Qos) -> v4::QoS {
    match qos {
        Qos::AtMostOnce => v4::QoS::AtMostOnce,
        Qos::AtLeastOnce => v4::QoS::AtLeastOnce,
        Qos::ExactlyOnce => v4::QoS::ExactlyOnce,
    }
}

const fn qos_v5(qos: Qos) -> v5::QoS {
    match qos {
        Qos::AtMostOnce => v5::QoS::AtMostOnce,
        Qos::AtLeastOnce => v5::QoS::AtLeastOnce,
        Qos::ExactlyOnce => v5::QoS::ExactlyOnce,
    }
}
